// src/x.rs

fn main() {}
