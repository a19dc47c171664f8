//! Hands what libFuzzer makes up to `checks::lines`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::lines::check(bytes));
