//! Damaged files: an error or a sound model, never a panic.

use std::fs;

use mlxcode_models::{GgufHeader, InstalledModel};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::{
    V, folder_tensors, gguf, sentence_piece_gguf, tokenizer, weights, write_folder,
};

fn changed(bytes: &[u8], changes: &[(Index, u8)], within: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (at, value) in changes {
        bytes[at.index(within)] = *value;
    }
    bytes
}

fn changes() -> impl Strategy<Value = Vec<(Index, u8)>> {
    proptest::collection::vec((any::<Index>(), any::<u8>()), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn gguf_with_other_bytes(changes in changes(), pieces in any::<bool>()) {
        let file = if pieces { sentence_piece_gguf() } else { gguf() };
        let bytes = changed(&file.bytes(), &changes, file.header().len());
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("m.gguf");
        fs::write(&place, bytes).unwrap();
        if let Ok(model) = InstalledModel::check_in_place(&place) {
            prop_assert!(model.tokenizer().unwrap().encode("the 1st é", true).is_ok());
        }
    }

    /// The numbers at the start are what lengths hang on.
    #[test]
    fn gguf_with_another_start(changes in changes()) {
        let file = gguf();
        let bytes = changed(&file.bytes(), &changes, 200);
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("m.gguf");
        fs::write(&place, bytes).unwrap();
        let _ = GgufHeader::read(&place);
    }

    #[test]
    fn gguf_cut_short(cut in any::<Index>()) {
        let bytes = gguf().bytes();
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("m.gguf");
        fs::write(&place, &bytes[..cut.index(bytes.len())]).unwrap();
        prop_assert!(InstalledModel::check_in_place(&place).is_err());
    }

    #[test]
    fn safetensors_with_other_bytes(changes in changes()) {
        let bytes = weights(&folder_tensors());
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize + 8;
        let folder = tempfile::tempdir().unwrap();
        write_folder(folder.path());
        let changed = changed(&bytes, &changes, header);
        fs::write(folder.path().join("model.safetensors"), changed).unwrap();
        let _ = InstalledModel::check_in_place(folder.path());
    }

    #[test]
    fn safetensors_cut_short(cut in any::<Index>()) {
        let bytes = weights(&folder_tensors());
        let folder = tempfile::tempdir().unwrap();
        write_folder(folder.path());
        let place = folder.path().join("model.safetensors");
        fs::write(place, &bytes[..cut.index(bytes.len())]).unwrap();
        prop_assert!(InstalledModel::check_in_place(folder.path()).is_err());
    }

    #[test]
    fn a_tokenizer_with_other_bytes(changes in changes()) {
        let bytes = tokenizer().to_string().into_bytes();
        let folder = tempfile::tempdir().unwrap();
        write_folder(folder.path());
        let changed = changed(&bytes, &changes, bytes.len());
        fs::write(folder.path().join("tokenizer.json"), changed).unwrap();
        if let Ok(model) = InstalledModel::check_in_place(folder.path()) {
            let tokenizer = model.tokenizer().unwrap();
            if let Ok(ids) = tokenizer.encode("the 1st é", true) {
                let _ = tokenizer.decode(&ids);
            }
        }
    }

    #[test]
    fn a_template_of_any_words(
        parts in proptest::collection::vec(
            prop::sample::select(vec![
                "{% for m in messages %}", "{% endfor %}", "{%- if ", "m.role", " == 'user' %}",
                "{% endif %}", "{{ ", " }}", "m", "messages", "[0]", "['content']", " | tojson",
                " | trim", ".strip()", ".split(", ")", "{% set x = ", " %}", "{%", "%}", "generation",
                "{# ", " #}", "é", "'", "\\", "loop.index", "range(99)", "~", "-1", "namespace(",
            ]),
            0..20,
        ),
    ) {
        let file = gguf().set("tokenizer.chat_template", V::Str(parts.concat()));
        let folder = tempfile::tempdir().unwrap();
        let _ = InstalledModel::check_in_place(&file.write(folder.path()));
    }
}
