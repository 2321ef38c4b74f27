//! `!include : 'file.yml'`: replaces the include by the keys of another file. The name is relative to the folder of the
//! including file.

use std::fs;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::document::{self, Content, INCLUDE, Node, Place};
use digdag_task::Failure;

/// Parses the YAML `text` of the file `name` in `folder`, with everything that it includes.
///
/// # Errors
/// Returns an error if a file cannot be read or is not YAML, an include leaves the folder or includes itself, or a key
/// comes twice.
pub fn resolve(folder: &Path, name: &str, text: &str) -> Result<Node, Failure> {
    let mut includes = Includes { folder, open: vec![name.to_owned()], base: PathBuf::new() };
    includes.resolve(document::parse(name, text)?)
}

struct Includes<'a> {
    folder: &'a Path,
    /// The files being read; an include of one of them would never end.
    open: Vec<String>,
    /// The folder of the file being read, relative to `folder`.
    base: PathBuf,
}

impl Includes<'_> {
    fn resolve(&mut self, node: Node) -> Result<Node, Failure> {
        let Node { place, content } = node;
        let content = match content {
            Content::Scalar(value) => Content::Scalar(value),
            Content::List(nodes) => {
                Content::List(nodes.into_iter().map(|node| self.resolve(node)).collect::<Result<_, _>>()?)
            }
            Content::Map(entries) => Content::Map(self.resolve_entries(entries)?),
        };
        Ok(Node { place, content })
    }

    fn resolve_entries(&mut self, entries: Vec<(String, Node)>) -> Result<Vec<(String, Node)>, Failure> {
        let mut resolved: Vec<(String, Node)> = Vec::with_capacity(entries.len());
        for (key, node) in entries {
            let found = if key == INCLUDE { self.included(&node)? } else { vec![(key, self.resolve(node)?)] };
            for (key, node) in found {
                if let Some((_, first)) = resolved.iter().find(|(known, _)| *known == key) {
                    let message = format!("the key {key} is already given in {}", first.place);
                    return Err(node.place.refuse(message, "remove or rename one of the two"));
                }
                resolved.push((key, node));
            }
        }
        Ok(resolved)
    }

    fn included(&mut self, node: &Node) -> Result<Vec<(String, Node)>, Failure> {
        let place = &node.place;
        let Content::Scalar(Value::String(name)) = &node.content else {
            return Err(place.refuse("!include takes the name of a file", "write !include : 'file.yml'"));
        };
        if !Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            let hint = "include a file of the project folder by its relative path, without ..";
            return Err(place.refuse(format!("!include of '{name}' leaves the project folder"), hint));
        }
        let path: PathBuf = self.base.join(name).components().filter(|part| *part != Component::CurDir).collect();
        let name = &path.display().to_string();
        if self.open.contains(name) {
            return Err(place.refuse(format!("'{name}' includes itself"), "break the circle"));
        }
        let text = fs::read_to_string(self.folder.join(&path)).map_err(|error| unreadable(place, name, &error))?;
        let base = std::mem::replace(&mut self.base, path.parent().map(Path::to_owned).unwrap_or_default());
        self.open.push(name.clone());
        let included = self.resolve(document::parse(name, &text)?)?;
        self.open.pop();
        self.base = base;
        match included.content {
            Content::Map(entries) => Ok(entries),
            Content::Scalar(Value::Null) => Ok(Vec::new()),
            _ => Err(place.refuse(format!("'{name}' holds no keys"), "write the included file as a YAML map")),
        }
    }
}

fn unreadable(place: &Place, name: &str, error: &std::io::Error) -> Failure {
    place.refuse(
        format!("cannot include '{name}': {error}"),
        "the name is relative to the folder of the file that includes it",
    )
}
