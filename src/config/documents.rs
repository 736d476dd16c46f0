//! Trusted documents: the manifests that the compilers of clients write.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::Arc,
};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::check::{Check, list};

/// Who may be kept to trusted documents.
const CALLERS: [&str; 5] = ["anonymous", "user", "reader", "linker", "admin"];

/// Documents that the operator knows, and who may execute no others.
#[derive(Clone, Default)]
pub struct TrustedDocuments {
    /// By `sha256:` with the hash of the text, and by what their manifest calls them.
    by_id: Arc<HashMap<String, Arc<str>>>,
    only_for: BTreeSet<String>,
}

/// A manifest, in one of its forms.
#[derive(Deserialize)]
#[serde(untagged)]
enum Manifest {
    /// Apollo's, of `@apollo/generate-persisted-query-manifest`.
    Operations { operations: Vec<Operation> },
    /// That of relay-compiler and of graphql-codegen: the texts by their hashes.
    Texts(HashMap<String, String>),
}

#[derive(Deserialize)]
struct Operation {
    id: String,
    body: String,
}

impl TrustedDocuments {
    /// Reads manifests, which are named in a list, and who is kept to them.
    pub fn read(check: &mut Check, paths: Option<&String>, callers: &str) -> Self {
        let callers = callers.to_owned();
        let only_for: BTreeSet<_> = list(Some(&callers)).map(str::to_owned).collect();
        if only_for.iter().any(|caller| !CALLERS.contains(&caller.as_str())) {
            let expected = format!("of {}, comma-separated", CALLERS.join(", "));
            check.refuse("BILLGRAPH_TRUSTED_DOCUMENTS_FOR", &callers, &expected);
        }
        let mut by_id = HashMap::new();
        for path in list(paths) {
            let text = std::fs::read_to_string(path).ok();
            match text.and_then(|text| serde_json::from_str(&text).ok()) {
                Some(manifest) => add(&mut by_id, manifest),
                None => check.refuse(
                    "BILLGRAPH_TRUSTED_DOCUMENTS",
                    path,
                    "JSON files that have the documents' texts by their hashes, comma-separated",
                ),
            }
        }
        Self { by_id: Arc::new(by_id), only_for }
    }

    /// The document that a client names.
    pub fn find(&self, id: &str) -> Option<&Arc<str>> {
        self.by_id.get(id)
    }

    /// Whether callers of this kind may execute no other documents.
    pub fn are_all_for(&self, caller: &str) -> bool {
        !self.by_id.is_empty() && self.only_for.contains(caller)
    }
}

impl fmt::Debug for TrustedDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} names of documents, for {:?}", self.by_id.len(), self.only_for)
    }
}

fn add(by_id: &mut HashMap<String, Arc<str>>, manifest: Manifest) {
    let texts: Vec<(String, String)> = match manifest {
        Manifest::Operations { operations } => {
            operations.into_iter().map(|operation| (operation.id, operation.body)).collect()
        }
        Manifest::Texts(texts) => texts.into_iter().collect(),
    };
    for (id, text) in texts {
        let text: Arc<str> = text.into();
        by_id.insert(sha256(&text), text.clone());
        by_id.insert(id, text);
    }
}

/// How the specification names a document: by `sha256:` and the hash of its text.
pub fn sha256(text: &str) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "query A { __typename }";

    fn read(manifest: &str) -> (TrustedDocuments, Vec<String>) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("manifest.json");
        std::fs::write(&path, manifest).expect("a file can be written");
        let mut check = Check::default();
        let paths = path.display().to_string();
        (TrustedDocuments::read(&mut check, Some(&paths), "anonymous, user"), check.refused)
    }

    #[test]
    fn manifests_of_each_compiler_are_read() {
        let by_md5 = format!(r#"{{ "9a0364b9e99bb480dd25e1f0284c8555": "{TEXT}" }}"#);
        let apollo = format!(
            r#"{{ "format": "apollo-persisted-query-manifest", "version": 1, "operations":
                  [{{ "id": "a", "name": "A", "type": "query", "body": "{TEXT}" }}] }}"#
        );
        for (manifest, id) in [(by_md5, "9a0364b9e99bb480dd25e1f0284c8555"), (apollo, "a")] {
            let (documents, refused) = read(&manifest);
            assert_eq!(refused, Vec::<String>::new());
            for id in [id, &sha256(TEXT)] {
                assert_eq!(documents.find(id).map(|text| &**text), Some(TEXT), "{id} of {manifest}");
            }
            assert_eq!(documents.find("sha256:a"), None);
            assert!(documents.are_all_for("user") && !documents.are_all_for("reader"));
        }
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for text in ["", "[]", "{", r#"{ "a": 1 }"#, r#"{ "operations": [{ "id": "a" }] }"#, "\"a\""] {
            let (documents, refused) = read(text);
            assert!(refused[0].starts_with("BILLGRAPH_TRUSTED_DOCUMENTS is `"), "{text}: {refused:?}");
            assert!(!documents.are_all_for("user"), "there is none");
        }
        assert!(!read("{}").0.are_all_for("anonymous"), "nothing is listed");
    }
}
