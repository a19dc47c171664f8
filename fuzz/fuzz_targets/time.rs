//! Hands what libFuzzer makes up to `checks::time`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::time::check(bytes));
