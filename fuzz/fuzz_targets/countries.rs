//! Hands what libFuzzer makes up to `checks::countries`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::countries::check(bytes));
