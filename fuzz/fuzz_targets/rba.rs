//! Hands what libFuzzer makes up to `checks::rba`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::rba::check(bytes));
