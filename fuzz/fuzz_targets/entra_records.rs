//! Hands what libFuzzer makes up to `checks::entra_records`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::entra_records::check(bytes));
