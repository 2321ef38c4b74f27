//! The profile of a user: `~/.aws/credentials` and `~/.aws/config`, or the files that the environment names.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Credentials, incomplete};
use crate::settings::variable;
use crate::{Error, Kind, Result};

/// Keys of a profile that get credentials in ways that this crate does not have.
const OTHER_WAYS: [&str; 4] = ["role_arn", "sso_session", "sso_start_url", "credential_process"];

/// The values of one profile.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    name: String,
    values: BTreeMap<String, Value>,
}

/// A value, which may be a secret.
#[derive(Clone)]
struct Value(String);

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Profile {
    /// Reads the profile that `AWS_PROFILE` names, or `default`.
    ///
    /// # Errors
    /// Fails if `AWS_PROFILE` names a profile that is in neither file, or if a file cannot be read.
    pub fn of_environment() -> Result<Self> {
        let named = variable("AWS_PROFILE");
        let name = named.clone().unwrap_or_else(|| "default".to_owned());
        let mut profile = Profile { name: name.clone(), values: BTreeMap::new() };
        let mut is_found = false;
        for (variable_name, file, in_config) in
            [("AWS_CONFIG_FILE", "config", true), ("AWS_SHARED_CREDENTIALS_FILE", "credentials", false)]
        {
            let Some(path) = variable(variable_name).map(PathBuf::from).or_else(|| in_home(file)) else { continue };
            let text = match std::fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::new(Kind::Settings, "read", path.display(), error)),
            };
            let section = if in_config && name != "default" { format!("profile {name}") } else { name.clone() };
            if let Some(values) = values(&text, &section) {
                is_found = true;
                profile.values.extend(values.into_iter().map(|(key, value)| (key, Value(value))));
            }
        }
        match named {
            Some(name) if !is_found => Err(incomplete(format!("there is no profile {name}, which AWS_PROFILE names"))),
            _ => Ok(profile),
        }
    }

    /// Returns a value.
    pub fn get(&self, key: &str) -> Option<String> {
        self.values.get(key).map(|value| value.0.clone()).filter(|value| !value.is_empty())
    }

    /// Returns the credentials of the profile, or `None` if it has none.
    pub fn credentials(&self) -> Result<Option<Credentials>> {
        match (self.get("aws_access_key_id"), self.get("aws_secret_access_key")) {
            (Some(key_id), Some(secret)) => {
                let session_token = self.get("aws_session_token");
                Ok(Some(Credentials { key_id, secret, session_token, expires: None }))
            }
            (None, None) => match OTHER_WAYS.iter().find(|key| self.values.contains_key(**key)) {
                Some(key) => Err(incomplete(format!(
                    "the profile {} gets them by {key}, which is not supported; aws configure export-credentials --format env prints them",
                    self.name
                ))),
                None => Ok(None),
            },
            _ => Err(incomplete(format!(
                "the profile {} has one of aws_access_key_id and aws_secret_access_key alone",
                self.name
            ))),
        }
    }
}

fn in_home(file: &str) -> Option<PathBuf> {
    Some(PathBuf::from(variable("HOME")?).join(".aws").join(file))
}

/// Returns the values of a section, or `None` if the text has no such section. Nested values are left out.
fn values(text: &str, section: &str) -> Option<BTreeMap<String, String>> {
    let mut found = None;
    let mut is_inside = false;
    for line in text.lines() {
        let is_nested = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            is_inside = name.split_whitespace().collect::<Vec<_>>().join(" ") == section;
            if is_inside {
                found.get_or_insert_with(BTreeMap::new);
            }
        } else if let Some((key, value)) = line.split_once('=')
            && is_inside
            && !is_nested
        {
            let values = found.get_or_insert_with(BTreeMap::new);
            values.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# comment\n[default]\naws_access_key_id = a\naws_secret_access_key=b=\n\n[profile  other]\nregion = eu\n\
        s3 =\n  endpoint_url = nested\n[role]\nrole_arn = arn\n";

    fn profile(section: &str) -> Profile {
        let values = values(TEXT, section).expect("the section is there").into_iter();
        Profile { name: section.to_owned(), values: values.map(|(key, value)| (key, Value(value))).collect() }
    }

    #[test]
    fn a_section_has_its_own_values() {
        let found = profile("default").credentials().expect("whole").expect("there");
        assert_eq!((found.key_id.as_str(), found.secret.as_str()), ("a", "b="));
        let other = profile("profile other");
        assert_eq!((other.get("region").as_deref(), other.get("endpoint_url")), (Some("eu"), None));
        assert!(other.credentials().expect("none").is_none());
        assert!(values(TEXT, "missing").is_none());
    }

    #[test]
    fn a_way_that_is_not_supported_is_named() {
        let refused = profile("role").credentials().expect_err("a role");
        assert!(refused.to_string().contains("role_arn"), "{refused}");
        assert!(!format!("{:?}", profile("default")).contains("b="));
    }
}
