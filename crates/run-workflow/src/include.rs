//! `!include : 'file.yml'` puts the keys of another file in the place of the include.

use std::fs;
use std::path::{Component, Path};

use serde_json::Value;

use super::document::{self, Content, INCLUDE, Node, Place};
use digdag_task::Failure;

/// Reads the YAML `text` of the file `name`, with all that it includes from `folder`.
///
/// # Errors
/// A file cannot be read or is not YAML, an include leaves the folder or includes itself, a key comes twice.
pub fn resolve(folder: &Path, name: &str, text: &str) -> Result<Node, Failure> {
    Includes { folder, open: vec![name.to_owned()] }.resolve(document::parse(name, text)?)
}

struct Includes<'a> {
    folder: &'a Path,
    /// The files being read: an include of one of them would never end.
    open: Vec<String>,
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
            return Err(place.refuse("!include wants the name of a file", "write !include : 'file.yml'"));
        };
        if !Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            let hint = "include a file of the project folder by its relative path, without ..";
            return Err(place.refuse(format!("!include of '{name}' leaves the project folder"), hint));
        }
        if self.open.contains(name) {
            return Err(place.refuse(format!("'{name}' includes itself"), "break the circle"));
        }
        let text = fs::read_to_string(self.folder.join(name)).map_err(|error| unreadable(place, name, &error))?;
        self.open.push(name.clone());
        let included = self.resolve(document::parse(name, &text)?)?;
        self.open.pop();
        match included.content {
            Content::Map(entries) => Ok(entries),
            Content::Scalar(Value::Null) => Ok(Vec::new()),
            _ => Err(place.refuse(format!("'{name}' holds no keys"), "an included file is a YAML map")),
        }
    }
}

fn unreadable(place: &Place, name: &str, error: &std::io::Error) -> Failure {
    place.refuse(
        format!("cannot include '{name}': {error}"),
        "the name is relative to the folder of the file that is run",
    )
}
