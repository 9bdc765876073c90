use std::os::fd::AsRawFd;

use nix::sys::socket::{self, MsgFlags};

use super::*;

#[test]
fn a_closed_connection_ends_quietly_for_the_receiver_and_with_an_error_for_the_sender() {
    let (here, there) = Connection::pair().unwrap();
    drop(there);
    assert!(here.send(&1, &[]).is_err());
    assert!(here.receive::<u8>().unwrap().is_none());
}

#[test]
fn an_invalid_message_is_an_error() {
    let (here, there) = Connection::pair().unwrap();
    here.send(&1_u8, &[]).unwrap();
    assert!(there.receive::<(u64, String)>().is_err());
    here.send(&(1_u8, 2_u8), &[]).unwrap();
    assert!(there.receive::<u8>().is_err());
    socket::send(here.socket.as_raw_fd(), &[BEGIN; MAX_BYTES + 1], MsgFlags::empty()).unwrap();
    assert!(there.receive::<([[u8; 32]; 31], [u8; 31])>().is_err());
}

#[test]
fn an_empty_message_is_a_message() {
    let (here, there) = Connection::pair().unwrap();
    here.send(&(), &[]).unwrap();
    assert!(there.receive::<()>().unwrap().is_some());
}
