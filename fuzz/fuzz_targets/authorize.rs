//! Hands what libFuzzer makes up to `checks::authorize`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::authorize::check(bytes));
