//! CPython-compatible random numbers, so that the same seed gives the same jobs in Rust and in Python.
//!
//! CPython's `random.Random` is a Mersenne Twister (MT19937). The generator is [`rand_mt`]'s; this module adds what
//! CPython does before and after it: how a seed of any length becomes the generator's key, and how two 32-bit outputs
//! become a float. Sources: `random_seed` and `_random_Random_random_impl` in CPython's `Modules/_randommodule.c`.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;
use rand::distr::Distribution;
use rand::{Rng, TryRng};
use rand_mt::Mt;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest integer up to which every JSON reader represents all integers exactly: 2<sup>53</sup> - 1.
const JSON_SAFE: i64 = (1 << 53) - 1;

/// The number of 32-bit words in the state of a Mersenne Twister.
const WORDS: usize = 624;

/// An integer of any sign and length.
///
/// In JSON, it is a number if every reader can represent it exactly, and a string otherwise.
///
/// ```
/// use chapters::random::Seed;
///
/// assert_eq!("007".parse::<Seed>().unwrap().to_string(), "7");
/// assert!("seven".parse::<Seed>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed(BigInt);

impl Seed {
    /// Draws a new seed, short enough to be typed again.
    pub fn fresh() -> Self {
        Self::from(i64::from(rand::random::<u32>()))
    }

    /// The key of the generator: the 32-bit words of the absolute value, least significant first; for 0, one zero.
    fn key(&self) -> Vec<u32> {
        let words = self.0.magnitude().to_u32_digits();
        if words.is_empty() { vec![0] } else { words }
    }
}

impl From<i64> for Seed {
    fn from(number: i64) -> Self {
        Self(number.into())
    }
}

impl FromStr for Seed {
    type Err = NotAnInteger;

    fn from_str(text: &str) -> Result<Self, NotAnInteger> {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotAnInteger);
        }
        text.parse().map(Self).map_err(|_| NotAnInteger)
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(&self.0) {
            Ok(number) if number.abs() <= JSON_SAFE => serializer.serialize_i64(number),
            _ => serializer.collect_str(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(i64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Number(number) => Ok(Self::from(number)),
            Form::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }
}

/// The text isn't an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnInteger;

impl fmt::Display for NotAnInteger {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a seed is an integer, of any sign and length, in decimal digits")
    }
}

impl std::error::Error for NotAnInteger {}

/// The generator behind CPython's `random.Random(seed)`, under the traits of [`rand`].
///
/// ```
/// use chapters::random::{CPythonFloat, Random, Seed};
/// use rand::RngExt;
///
/// let mut random = Random::new(&Seed::from(1));
/// assert_eq!(random.sample(CPythonFloat), 0.13436424411240122); // random.Random(1).random()
/// ```
#[derive(Clone, Debug)]
pub struct Random(Mt);

impl Random {
    /// Creates the generator that CPython creates from `seed`. As in CPython, a seed and its negative give the same
    /// numbers.
    pub fn new(seed: &Seed) -> Self {
        Self(from_key(&seed.key()))
    }
}

/// Creates the generator that `init_by_array` creates from a key, in the code of MT19937's authors and in CPython.
///
/// [`Mt::new_with_key`] of rand_mt 6.1 does the same for keys of up to 624 words, but ignores the rest of a longer key.
/// So a seed of more than 6,012 digits would give other numbers than in CPython.
fn from_key(key: &[u32]) -> Mt {
    let mut state = [19_650_218; WORDS];
    for i in 1..WORDS {
        state[i] = mixed(state[i - 1], 1_812_433_253).wrapping_add(i as u32);
    }
    let mut i = 0;
    let mut next = |state: &mut [u32; WORDS], factor| {
        if i == WORDS - 1 {
            state[0] = state[i];
            i = 0;
        }
        i += 1;
        state[i] ^= mixed(state[i - 1], factor);
        i
    };
    for (j, word) in key.iter().enumerate().cycle().take(WORDS.max(key.len())) {
        let i = next(&mut state, 1_664_525);
        state[i] = state[i].wrapping_add(*word).wrapping_add(j as u32);
    }
    for _ in 1..WORDS {
        let i = next(&mut state, 1_566_083_941);
        state[i] = state[i].wrapping_sub(i as u32);
    }
    state[0] = 1 << 31;
    Mt::recover(state.map(tempered)).expect("a state is recovered from as many outputs as it has words")
}

fn mixed(word: u32, factor: u32) -> u32 {
    (word ^ (word >> 30)).wrapping_mul(factor)
}

/// The output that the generator computes from a word of its state.
fn tempered(mut word: u32) -> u32 {
    word ^= word >> 11;
    word ^= (word << 7) & 0x9d2c_5680;
    word ^= (word << 15) & 0xefc6_0000;
    word ^ (word >> 18)
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

/// The distribution of CPython's `random()`: floats in [0, 1) with 53 bits, from two outputs of 32 bits.
///
/// It takes 27 bits from the first output and 26 from the second; rand's `StandardUniform` takes other bits.
#[derive(Clone, Copy, Debug)]
pub struct CPythonFloat;

impl Distribution<f64> for CPythonFloat {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        let high = f64::from(rng.next_u32() >> 5);
        let low = f64::from(rng.next_u32() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_has_one_written_form() {
        for (text, form) in [("+5", "5"), ("-0", "0"), ("-00012", "-12")] {
            assert_eq!(text.parse::<Seed>().unwrap().to_string(), form);
        }
    }

    #[test]
    fn what_is_no_integer_is_refused() {
        for text in ["", "-", "1.5", "1_000", "0x10", " 1", "--1", "\u{661}"] {
            assert_eq!(text.parse::<Seed>(), Err(NotAnInteger), "{text:?}");
        }
    }

    #[test]
    fn a_seed_that_json_cannot_hold_exactly_is_a_string() {
        let json = |text: &str| serde_json::to_string(&text.parse::<Seed>().unwrap()).unwrap();
        assert_eq!(json("9007199254740991"), "9007199254740991");
        assert_eq!(json("9007199254740992"), "\"9007199254740992\"");
        assert_eq!(json("-9007199254740993"), "\"-9007199254740993\"");
        for text in ["-1", "123456789012345678901234567890"] {
            let seed: Seed = text.parse().unwrap();
            assert_eq!(serde_json::from_str::<Seed>(&json(text)).unwrap(), seed);
        }
    }
}
