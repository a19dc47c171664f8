//! Hands what libFuzzer makes up to `checks::tables`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::tables::check(bytes));
