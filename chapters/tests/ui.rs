//! Programs that must not compile, with the compiler's messages. The book shows both.
//!
//! The programs have bounds of their own where the compiler would otherwise quote the standard library's source, with
//! the path at which it is installed.

#[test]
fn the_compiler_rejects_faulty_programs() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    #[cfg(target_os = "linux")]
    cases.compile_fail("tests/ui/linux/*.rs");
}
