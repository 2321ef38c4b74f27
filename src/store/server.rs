//! How a server of S3 is reached. Secrets come from the environment or a profile of AWS, never from a parameter.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use lake_store::Settings;

use crate::http::RetryPolicy;
use digdag_task::{Switch, boolean, duration};

const MAX_BACKOFF: Duration = Duration::from_secs(20);

/// How a server of S3 is reached.
#[derive(Args, Clone, Debug)]
pub struct S3Args {
    /// URL of the S3 server [default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile's, or Amazon's]
    #[arg(long, value_name = "URL")]
    pub s3_endpoint: Option<String>,

    /// Region of the bucket [default: AWS_REGION, the profile's, or us-east-1]
    #[arg(long, value_name = "REGION")]
    pub s3_region: Option<String>,

    /// Name the bucket in the path of a URL, not in the host [default: true with an endpoint]
    #[arg(long, value_name = "BOOLEAN", value_parser = boolean)]
    pub s3_path_style: Option<bool>,

    /// File with the certificates to trust, in PEM [default: those of public authorities]
    #[arg(long, value_name = "FILE")]
    pub s3_ca_file: Option<PathBuf>,

    /// Permit http to a server on another machine
    #[arg(long)]
    pub s3_allow_http: Switch,

    /// Longest time that a connection may stand still
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub s3_timeout: Duration,

    /// Attempts at a request while the server is busy or the connection breaks
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub s3_max_attempts: u32,

    /// Wait after the first attempt; each further wait is three times as long
    #[arg(long, value_name = "DURATION", default_value = "200ms", value_parser = duration)]
    pub s3_first_wait: Duration,
}

impl Default for S3Args {
    fn default() -> Self {
        S3Args {
            s3_endpoint: None,
            s3_region: None,
            s3_path_style: None,
            s3_ca_file: None,
            s3_allow_http: Switch(false),
            s3_timeout: Duration::from_secs(60),
            s3_max_attempts: 6,
            s3_first_wait: Duration::from_millis(200),
        }
    }
}

impl S3Args {
    /// Returns the settings of a bucket's client. `threads` is the number of requests at once.
    pub(super) fn settings(&self, threads: usize) -> Settings {
        Settings {
            endpoint: self.s3_endpoint.clone(),
            region: self.s3_region.clone(),
            path_style: self.s3_path_style,
            allow_http: self.s3_allow_http.is_on(),
            authorities: self.s3_ca_file.clone(),
            timeout: self.s3_timeout,
            connections: threads.max(1),
        }
    }

    /// Returns the attempts at a request and the waits between them.
    pub(super) fn retry(&self) -> RetryPolicy {
        RetryPolicy {
            max_attempts: self.s3_max_attempts.max(1),
            first_wait: self.s3_first_wait,
            max_backoff: MAX_BACKOFF,
            deadline: None,
        }
    }
}
