//! What is shown, by width and theme; and what a person types, in a terminal.

mod diff;
mod markdown;
mod screens;
