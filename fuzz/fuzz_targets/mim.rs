//! Hands what libFuzzer makes up to `checks::mim`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::mim::check(bytes));
