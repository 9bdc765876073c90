use super::*;

#[test]
fn no_word_is_allocated_twice() {
    let one = Shared::new(100 * LINE).unwrap();
    let two = Shared::map(one.as_fd().try_clone_to_owned().unwrap()).unwrap();
    let places = (0..100).map(|turn| if turn % 2 == 0 { one.place(1) } else { two.place(LINE) });
    let mut places: Vec<u64> = places.map(|place| place.unwrap().0).collect();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), 100);
    let error = two.place(1).unwrap_err();
    assert_eq!(error.to_string(), "1 words of shared memory asked for, 0 left");
}

#[test]
fn a_place_that_was_not_given_out_is_refused() {
    let memory = Arc::new(Shared::new(4 * LINE).unwrap());
    let place = memory.place(LINE).unwrap();
    assert!(memory.at(place, LINE).is_ok());
    assert!(memory.at(place, LINE + 1).is_err());
    assert!(memory.at(place, usize::MAX).is_err());
    assert!([0, 1, 9, 16, u64::from(u32::MAX), u64::MAX].into_iter().all(|place| memory.at(Place(place), 1).is_err()));
    assert!(memory.place(usize::MAX).is_err());
    assert!(Shared::new(usize::MAX).is_err());
}

#[test]
fn what_could_shrink_under_its_users_is_refused() {
    let file = memfd_create("chapters", MFdFlags::MFD_CLOEXEC).unwrap();
    assert!(Shared::map(file).is_err());
    let (reader, _writer) = io::pipe().unwrap();
    assert!(Shared::map(reader.into()).is_err());
}

#[test]
fn the_size_cannot_be_changed() {
    let shared = Shared::new(8).unwrap();
    let file = File::from(shared.as_fd().try_clone_to_owned().unwrap());
    assert!(file.set_len(4).is_err());
}

#[test]
fn a_place_may_lie_beyond_what_32_bits_can_count() {
    const FAR: usize = 1 << 32;
    // Only the pages that are written take memory.
    let Ok(memory) = Shared::new(FAR + 8 * LINE) else {
        eprintln!("skipped: the system refuses to map 32 GiB");
        return;
    };
    let memory = Arc::new(memory);
    let near = memory.place(FAR).unwrap();
    let far = memory.place(LINE).unwrap();
    assert!(far.0 > u64::from(u32::MAX));
    assert_eq!(near.after(FAR), far);
    memory.at(far, LINE).unwrap()[0].store(42, Ordering::Relaxed);
    assert_eq!(memory.at(near, LINE).unwrap()[0].load(Ordering::Relaxed), 0);
    let words = memory.at(far, LINE).unwrap();
    assert_eq!((words[0].load(Ordering::Relaxed), words.place()), (42, far));
}

#[test]
fn garbage_in_the_count_of_given_words_is_an_error() {
    for garbage in [0, 1, 9, u64::MAX, u64::MAX - 7] {
        let memory = Arc::new(Shared::new(4 * LINE).unwrap());
        memory.words()[GIVEN].store(garbage, Ordering::Relaxed);
        assert!(memory.place(1).is_err(), "{garbage}");
        assert!(Place(u64::MAX).after(LINE) == Place(u64::MAX));
        assert!(memory.at(Place(u64::MAX).after(LINE), 1).is_err());
    }
}
