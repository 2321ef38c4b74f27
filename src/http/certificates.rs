//! Trusted certificate authorities from a PEM file.

use std::path::Path;

use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

/// Reads the certificate authorities in a PEM file.
///
/// # Errors
/// Returns the reason why the file cannot be read or parsed; the caller adds the parameter that named the file.
pub fn root_certificates(path: &Path) -> Result<RootCerts, String> {
    let pem = std::fs::read(path).map_err(|error| error.to_string())?;
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    };
    let certificates: Vec<Certificate<'static>> = parse_pem(&pem).filter_map(certificate).collect();
    if certificates.is_empty() {
        return Err("holds no certificate in PEM".to_owned());
    }
    Ok(RootCerts::new_with_certs(&certificates))
}
