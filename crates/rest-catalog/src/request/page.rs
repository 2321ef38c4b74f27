//! Pages of a list. A token is the hexadecimal text of the last name of the page before, so a list that changes between two
//! requests neither repeats nor skips a name that stays.

use std::collections::HashMap;

use crate::error::{Refusal, Result};

/// The names of a page, if the client gives no size.
const DEFAULT_SIZE: usize = 1000;

/// A page of a sorted list of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// The whole list: the client does not page.
    Whole,
    /// So many names after a name.
    After { name: String, size: usize },
}

impl Page {
    /// Parses `pageToken` and `pageSize`.
    ///
    /// # Errors
    /// Fails if the token is not one of this server, or the size is no number above 0.
    pub fn parse(query: &HashMap<String, String>) -> Result<Self> {
        let size = match query.get("pageSize") {
            None => DEFAULT_SIZE,
            Some(text) => match text.parse::<usize>() {
                Ok(size) if size > 0 => size,
                _ => return Err(Refusal::bad_request("pageSize: expected a number above 0")),
            },
        };
        let Some(token) = query.get("pageToken") else { return Ok(Page::Whole) };
        let name = hex::decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let name = name.ok_or_else(|| Refusal::bad_request("pageToken: expected one of an earlier page"))?;
        Ok(Page::After { name, size })
    }

    /// Returns the names of the page, and the token of the next one.
    pub fn of(&self, mut names: Vec<String>) -> (Vec<String>, Option<String>) {
        let Page::After { name, size } = self else { return (names, None) };
        names.retain(|candidate| candidate > name);
        if names.len() <= *size {
            return (names, None);
        }
        names.truncate(*size);
        let token = names.last().map(hex::encode);
        (names, token)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn page(token: Option<&str>, size: Option<&str>) -> Result<Page> {
        let query = [("pageToken", token), ("pageSize", size)];
        Page::parse(&query.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned()))).collect())
    }

    #[test]
    fn a_list_is_whole_unless_the_client_pages() {
        assert_eq!(page(None, None), Ok(Page::Whole));
        assert_eq!(page(None, Some("2")), Ok(Page::Whole));
        assert_eq!(page(Some(""), None), Ok(Page::After { name: String::new(), size: DEFAULT_SIZE }));
        for (token, size) in [(Some("x"), None), (Some("ff"), None), (Some(""), Some("0")), (None, Some("-1"))] {
            assert_eq!(page(token, size).unwrap_err().status, 400, "{token:?} {size:?}");
        }
    }

    proptest! {
        #[test]
        fn the_pages_are_the_list(mut names in prop::collection::btree_set("[a-zä]{1,3}", 0..20), size in 1usize..5) {
            let whole: Vec<_> = names.iter().cloned().collect();
            let (mut found, mut token) = (Vec::new(), Some(String::new()));
            while let Some(current) = token {
                let page = page(Some(&current), Some(&size.to_string())).unwrap();
                let (names, next) = page.of(names.iter().cloned().collect());
                prop_assert!(names.len() <= size);
                found.extend(names);
                token = next;
            }
            prop_assert_eq!(&found, &whole);
            names.clear();
        }
    }
}
