//! Hands what libFuzzer makes up to `checks::assertion`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::assertion::check(bytes));
