//! Hands what libFuzzer makes up to `checks::form`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::form::check(bytes));
