//! The login at a REST server.

use std::fmt;

/// The login at a REST server. Its secrets are in no message, and not in the text of `{:?}`.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Login {
    /// None: the server is open, or trusts its network.
    #[default]
    None,
    /// A bearer token.
    Token(String),
    /// Client credentials of OAuth 2, which the token endpoint exchanges for bearer tokens.
    Credentials {
        /// The client's id.
        id: String,
        /// The client's secret.
        secret: String,
        /// The token endpoint.
        token_url: String,
        /// The scope of the tokens.
        scope: String,
    },
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Login::None => "None",
            Login::Token(_) => "Token(…)",
            Login::Credentials { .. } => "Credentials(…)",
        })
    }
}
