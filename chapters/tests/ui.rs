//! Programs that must not compile, and what the compiler says to each: the book shows both.
//!
//! Nothing here borrows a bound from the standard library, whose source the compiler would quote where it is installed.

#[test]
fn the_compiler_rejects_what_would_go_wrong() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    #[cfg(target_os = "linux")]
    cases.compile_fail("tests/ui/linux/*.rs");
}
