//! TLS of the server, by rustls.

use std::path::Path;
use std::sync::Arc;

use digdag_task::Failure;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Reads the certificate chain and the key of the server.
///
/// # Errors
/// Fails if a file cannot be read or holds none, or if the key is not that of the certificate.
pub fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, Failure> {
    let wrong = |parameter: &str, path: &Path, what: String| {
        Failure::parameters(format!("parameter {parameter}: {}: {what}", path.display())).hint("give a file in PEM")
    };
    let of_chain = |error| wrong("tls_cert", certificate, format!("{error}"));
    let chain = CertificateDer::pem_file_iter(certificate).map_err(of_chain)?;
    let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(of_chain)?;
    if chain.is_empty() {
        return Err(wrong("tls_cert", certificate, "holds no certificate".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong("tls_key", key, format!("{error}")))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private));
    let mut config = config.map_err(|error| wrong("tls_key", key, error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
