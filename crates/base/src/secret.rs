/// Variables of the environment in which people keep tokens. Whoever starts a
/// program takes them out of what it inherits.
pub const SECRET_VARIABLES: [&str; 3] =
    ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN"];
