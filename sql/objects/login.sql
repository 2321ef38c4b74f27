-- Makes the login of the warehouse known to this session, for objects below its address alone.
CREATE SECRET warehouse (
    TYPE s3,
    PROVIDER config,
    KEY_ID {key_id},
    SECRET {secret},
    SESSION_TOKEN {session_token},
    REGION {region},
    ENDPOINT {server},
    URL_STYLE {url_style},
    USE_SSL {is_encrypted},
    SCOPE {scope}
)
