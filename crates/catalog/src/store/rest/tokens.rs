//! The bearer token of requests: the one that is given, or one that the token endpoint gives for client credentials, until
//! it is about to expire or the server refuses it.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Login;

/// A token with less time left is exchanged before a request, because a commit may take this long.
const MARGIN: Duration = Duration::from_secs(30);

/// The tokens of a login.
pub(super) struct Tokens {
    login: Login,
    exchanged: RefCell<Option<Token>>,
}

struct Token {
    text: String,
    /// When it expires; `None` if the endpoint does not say.
    ends: Option<Instant>,
}

impl Tokens {
    pub fn new(login: Login) -> Self {
        Tokens { login, exchanged: RefCell::default() }
    }

    /// Returns the login.
    pub fn login(&self) -> &Login {
        &self.login
    }

    /// Returns the token that is at hand, unless it is about to expire.
    pub fn at_hand(&self) -> Option<String> {
        if let Login::Token(token) = &self.login {
            return Some(token.clone());
        }
        let exchanged = self.exchanged.borrow();
        let lasts = |token: &&Token| token.ends.is_none_or(|ends| Instant::now() + MARGIN < ends);
        exchanged.as_ref().filter(lasts).map(|token| token.text.clone())
    }

    /// Forgets an exchanged token that the server refused. Returns whether there was one.
    pub fn forget(&self) -> bool {
        self.exchanged.take().is_some()
    }

    /// Keeps the token in an answer of the token endpoint and returns it, or `None` if the answer has none.
    pub fn keep(&self, answer: &Value) -> Option<String> {
        let text = answer["access_token"].as_str()?.to_owned();
        let seconds = answer["expires_in"].as_u64().map(Duration::from_secs);
        let ends = seconds.and_then(|seconds| Instant::now().checked_add(seconds));
        *self.exchanged.borrow_mut() = Some(Token { text: text.clone(), ends });
        Some(text)
    }

    /// Replaces the secrets in a text.
    pub fn hide(&self, text: &str) -> String {
        let given = match &self.login {
            Login::None => None,
            Login::Token(token) => Some(token.clone()),
            Login::Credentials { secret, .. } => Some(secret.clone()),
        };
        let exchanged = self.exchanged.borrow().as_ref().map(|token| token.text.clone());
        let secrets = given.into_iter().chain(exchanged).filter(|secret| !secret.is_empty());
        secrets.fold(text.to_owned(), |text, secret| text.replace(&secret, "…"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn credentials() -> Tokens {
        let [id, secret, token_url, scope] = ["lake", "s3cret", "https://host/tokens", "catalog"].map(str::to_owned);
        Tokens::new(Login::Credentials { id, secret, token_url, scope })
    }

    #[test]
    fn a_token_is_used_until_it_is_about_to_expire() {
        let tokens = credentials();
        assert_eq!(tokens.at_hand(), None);
        assert_eq!(tokens.keep(&json!({"access_token": "one", "expires_in": 3600})).as_deref(), Some("one"));
        assert_eq!(tokens.at_hand().as_deref(), Some("one"));
        assert!(tokens.forget() && !tokens.forget());
        for (answer, lasts) in [
            (json!({"access_token": "two", "expires_in": 29}), false),
            (json!({"access_token": "two"}), true),
            (json!({"access_token": "two", "expires_in": u64::MAX}), true),
        ] {
            tokens.keep(&answer);
            assert_eq!(tokens.at_hand().is_some(), lasts, "{answer}");
        }
        assert_eq!(tokens.keep(&json!({"token": "three"})), None);
    }

    #[test]
    fn secrets_are_hidden() {
        let tokens = credentials();
        tokens.keep(&json!({"access_token": "one"}));
        assert_eq!(tokens.hide("s3cret gives one"), "… gives …");
        assert_eq!(format!("{:?}", tokens.login()), "Credentials(…)");
        let given = Tokens::new(Login::Token("abc".to_owned()));
        assert_eq!((given.hide("abc"), given.forget()), ("…".to_owned(), false));
    }
}
