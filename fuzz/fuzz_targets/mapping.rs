//! Hands what libFuzzer makes up to `checks::mapping`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::mapping::check(bytes));
