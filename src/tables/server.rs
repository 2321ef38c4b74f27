//! The login of a server: the password or token comes from a file or the environment, never with the URL.

use std::env;
use std::fs;
use std::path::Path;

use digdag_task::Failure;

/// Refuses a URL that holds a password. The message does not repeat the URL.
///
/// # Errors
/// Fails if there is a password before the host or among the options.
pub fn refuse_password(url: &str, parameter: &str, file_flag: &str) -> Result<(), Failure> {
    let place = url.split_once("://").map_or(url, |(_, place)| place);
    let before_host = place.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    let among_options = place.split_once('?').is_some_and(|(_, options)| options.contains("password="));
    match before_host || among_options {
        true => Err(Failure::parameters(format!("parameter {parameter}: the URL holds a password"))
            .hint(format!("write it to a file and pass {file_flag} FILE"))),
        false => Ok(()),
    }
}

/// Returns the password in a file, otherwise that of `PGPASSWORD`.
///
/// # Errors
/// Fails if the file cannot be read.
pub fn password(file: Option<&Path>) -> Result<Option<String>, Failure> {
    secret(file, "PGPASSWORD")
}

/// Returns the secret in a file, otherwise that of an environment variable.
///
/// # Errors
/// Fails if the file cannot be read.
pub fn secret(file: Option<&Path>, variable: &str) -> Result<Option<String>, Failure> {
    match file {
        Some(path) => {
            let read = fs::read_to_string(path);
            let text = read.map_err(|error| Failure::input(format!("cannot read {}: {error}", path.display())))?;
            Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
        }
        None => Ok(env::var(variable).ok()),
    }
}
