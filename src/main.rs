//! The reading room.
fn main() {}
