use super::*;

#[test]
#[should_panic = "the number of permits fits a usize"]
fn too_many_permits_are_refused() {
    Semaphore::new(1).release(usize::MAX);
}
