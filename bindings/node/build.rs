//! Sets the linker up for a Node module.

fn main() {
    napi_build::setup();
}
