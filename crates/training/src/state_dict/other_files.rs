//! What files are that are taken for weights and are none.

/// What the bytes of a file without weights are, and how to get the weights.
pub(crate) struct OtherFile {
    /// What the file is.
    pub(crate) found: &'static str,
    /// What to do.
    pub(crate) remedy: &'static str,
}

const UNPACK: &str = "unpack it first";
const STATE_DICT: &str = "save the state dict of the PyTorch network";

impl OtherFile {
    /// The kind of a file, as far as its first bytes show it.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let other = |found, remedy| Self { found, remedy };
        let first = bytes.get(..512).unwrap_or(bytes);
        let text = String::from_utf8_lossy(first).trim_start().to_ascii_lowercase();
        if bytes.is_empty() {
            return other("an empty file", "repeat the download");
        }
        if text.starts_with("version https://git-lfs") {
            return other("a Git LFS pointer", "fetch the file that it stands for: git lfs pull");
        }
        if ["<!doctype html", "<html", "<head", "<?xml"].iter().any(|tag| text.starts_with(tag)) {
            return other("a web page", "repeat the download with the address of the file itself");
        }
        let starts: [(&[u8], Self); 9] = [
            (b"\x89HDF", other("an HDF5 file, as Keras writes it", STATE_DICT)),
            (b"GGUF", other("a GGUF file", STATE_DICT)),
            (b"\x93NUMPY", other("an array of NumPy", STATE_DICT)),
            (b"\x1f\x8b", other("a file compressed by gzip", UNPACK)),
            (b"BZh", other("a file compressed by bzip2", UNPACK)),
            (b"\xfd7zXZ", other("a file compressed by xz", UNPACK)),
            (b"\x28\xb5\x2f\xfd", other("a file compressed by zstd", UNPACK)),
            (b"PK", other("a zip archive", "nas import reads checkpoints")),
            (b"\x80", other("a pickle", "nas import reads checkpoints")),
        ];
        if let Some((_, kind)) = starts.into_iter().find(|(start, _)| bytes.starts_with(start)) {
            return kind;
        }
        if bytes.get(257..262) == Some(b"ustar") {
            return other("a tar archive", UNPACK);
        }
        // A protobuf message whose fields 1 and 2 are a version and the name of the producer.
        if bytes.len() > 2 && bytes[0] == 8 && bytes[2] == 0x12 {
            return other("an ONNX file", STATE_DICT);
        }
        if text.starts_with('{') {
            return other("a JSON file", "name the file with the tensors");
        }
        other("a file of an unknown format", "check that this is the file that was meant")
    }
}

/// Whether the bytes begin as a safetensors file does, with the length of a header in JSON.
pub(crate) fn looks_like_safetensors(bytes: &[u8]) -> bool {
    matches!(bytes.first_chunk::<9>(), Some([_, _, _, _, _, _, 0, 0, b'{']))
}
