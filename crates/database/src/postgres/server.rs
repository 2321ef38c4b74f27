//! Connections to a server.

use std::time::Duration;

use postgres::{Client, Config, NoTls};

use crate::{Error, Result};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(30);

/// A Postgres server and one of its databases.
#[derive(Clone)]
pub struct Server {
    /// `postgres://user@host:port/database`, without the password.
    pub url: String,
    /// The password, from a file or the environment.
    pub password: Option<String>,
}

impl Server {
    /// Returns the host and the database for messages.
    pub fn place(&self) -> String {
        let place = self.url.split_once("://").map_or(self.url.as_str(), |(_, place)| place);
        place.rsplit('@').next().unwrap_or(place).split('?').next().unwrap_or(place).to_owned()
    }

    /// Returns an error of this server.
    pub(super) fn failed(&self, error: postgres::Error) -> Error {
        // The display of an error of the server is "db error" alone.
        let detail = error.as_db_error().map(|error| format!(": {}", error.message())).unwrap_or_default();
        Error::Postgres(self.place(), detail, error)
    }

    /// Opens a connection. `application` names it in `pg_stat_activity`.
    ///
    /// # Errors
    /// Fails if the URL is invalid or the server cannot be reached or refuses the login.
    pub(super) fn connect(&self, application: &str) -> Result<Client> {
        let mut config: Config = self.url.parse().map_err(|error| self.failed(error))?;
        if let Some(password) = &self.password {
            config.password(password);
        }
        config.application_name(application).connect_timeout(CONNECT);
        config.connect(NoTls).map_err(|error| self.failed(error))
    }
}
