//! A served lake in a folder of the test, its requests, and snapshots with real manifests.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use iceberg::io::{FileIO, FileIOBuilder, LocalFsStorageFactory};
use iceberg::spec::{
    DataContentType, DataFile, DataFileBuilder, DataFileFormat, ManifestListWriter, ManifestWriterBuilder, Struct,
    TableMetadata,
};
use lake_catalog::{Access, Catalog, Store, TableName};
use lake_rest_catalog::{Protected, RestCatalog, ServedLake, router};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

pub const MARK: &str = "discogs.of-runs";

/// A served lake. `silver` is read-only, and so are tables with [`MARK`].
pub struct Lake {
    _folder: TempDir,
    pub served: ServedLake,
    pub router: Router,
}

/// A response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub json: Value,
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.json);
        if status >= 400 && self.json != Value::Null {
            assert_eq!(self.json["error"]["code"], status);
            assert!(self.json["error"]["message"].is_string(), "{}", self.json);
        }
        self.json
    }

    #[track_caller]
    pub fn refused(self, status: u16, kind: &str) -> String {
        let json = self.expect(status);
        assert_eq!(json["error"]["type"], kind, "{json}");
        json["error"]["message"].as_str().unwrap().to_owned()
    }

    pub fn tag(&self) -> String {
        self.headers["etag"].to_str().unwrap().to_owned()
    }
}

impl Lake {
    pub fn new() -> Self {
        Lake::with(|root| Store::Sqlite(root.join("_meta/catalog.sqlite")))
    }

    pub fn with(store: impl FnOnce(&std::path::Path) -> Store) -> Self {
        let folder = TempDir::new().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for made in ["_meta", "_tables", "_runs"] {
            fs::create_dir(root.join(made)).unwrap();
        }
        let (tables, state) = (root.join("_tables"), root.join("_meta/rest-catalog"));
        let served = ServedLake { store: store(&root), root, tables, state };
        let router = open(&served);
        Lake { _folder: folder, served, router }
    }

    /// Opens the lake's catalog again, as a server does that is started.
    pub fn restart(&mut self) {
        self.router = open(&self.served);
    }

    pub fn catalog(&self) -> Catalog {
        Catalog::open(&self.served.store, &self.served.root, Access::Write).unwrap()
    }

    pub fn tables(&self) -> String {
        format!("file://{}", self.served.tables.display())
    }

    pub fn path(&self, location: &str) -> PathBuf {
        PathBuf::from(location.strip_prefix("file://").unwrap())
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.send_with(method, path, body, &[]).await
    }

    pub async fn send_with(&self, method: Method, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Answer {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let mut request = Request::builder().method(method).uri(format!("/v1/{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(&self.router, request.body(Body::from(body)).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn head(&self, path: &str) -> u16 {
        self.send(Method::HEAD, path, None).await.status
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Creates the namespace `mine` and a table in it.
    pub async fn create(&self, name: &str) -> Value {
        let made = self.post("lake/namespaces", json!({"namespace": ["mine"]})).await;
        assert!([200, 409].contains(&made.status), "{made:?}");
        self.post("lake/namespaces/mine/tables", new_table(name)).await.expect(200)
    }

    pub async fn load(&self, name: &str) -> Value {
        self.get(&format!("lake/namespaces/mine/tables/{name}")).await.expect(200)
    }

    pub async fn commit(&self, name: &str, requirements: Value, updates: Value) -> Answer {
        let body = json!({"requirements": requirements, "updates": updates});
        self.post(&format!("lake/namespaces/mine/tables/{name}"), body).await
    }

    /// The files below a folder of the lake.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.served.root.join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                match entry.path().is_dir() {
                    true => folders.push(entry.path()),
                    false => found.push(entry.path().strip_prefix(&self.served.root).unwrap().display().to_string()),
                }
            }
        }
        found.sort();
        found
    }
}

fn open(served: &ServedLake) -> Router {
    let guard = Arc::new(Protected::new(&["silver"], &[MARK]));
    router(apart(|| RestCatalog::open(served.clone(), guard).unwrap()))
}

/// Runs work that blocks away from the test's runtime.
pub fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join().unwrap())
}

pub async fn answer(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let json = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
    Answer { status: parts.status.as_u16(), headers: parts.headers, json }
}

/// A request to create a table of two columns, whose ids the catalog assigns again.
pub fn new_table(name: &str) -> Value {
    let field = |id: i32, name: &str, kind: &str| json!({"id": id, "name": name, "required": false, "type": kind});
    json!({
        "name": name,
        "schema": {"type": "struct", "fields": [field(7, "id", "long"), field(9, "title", "string")]},
    })
}

/// Writes a snapshot of one data file that is never read, and returns the updates that append it to `main`.
pub async fn append(metadata: &Value, file: &str) -> Value {
    let metadata: TableMetadata = serde_json::from_value(metadata.clone()).unwrap();
    let location = metadata.location().to_owned();
    let id = i64::try_from(uuid::Uuid::new_v4().as_u128() >> 66).unwrap();
    let mut writer = ManifestWriterBuilder::new(
        io().new_output(format!("{location}/metadata/{id}-m0.avro")).unwrap(),
        Some(id),
        metadata.current_schema().clone(),
        (**metadata.default_partition_spec()).clone(),
    )
    .build_v2_data();
    writer.add_file(data_file(file), -1).unwrap();
    let manifest = writer.write_manifest_file().await.unwrap();
    let list = format!("{location}/metadata/snap-{id}.avro");
    append_list(&metadata, id, &list, vec![manifest]).await
}

/// Like [`append`], but with the location of the manifest list.
pub async fn append_at(metadata: &Value, list: &str) -> Value {
    let metadata: TableMetadata = serde_json::from_value(metadata.clone()).unwrap();
    append_list(&metadata, 5, list, Vec::new()).await
}

async fn append_list(
    metadata: &TableMetadata,
    id: i64,
    list: &str,
    manifests: Vec<iceberg::spec::ManifestFile>,
) -> Value {
    let parent = metadata.current_snapshot_id();
    let number = metadata.next_sequence_number();
    let output = io().new_output(list).unwrap().writer().await.unwrap();
    let mut writer = ManifestListWriter::v2(output, id, parent, number);
    writer.add_manifests(manifests.into_iter()).unwrap();
    writer.close().await.unwrap();
    let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let mut snapshot = json!({
        "snapshot-id": id, "sequence-number": number, "timestamp-ms": u64::try_from(at).unwrap(), "schema-id": 0,
        "manifest-list": list, "summary": {"operation": "append"},
    });
    if let Some(parent) = parent {
        snapshot["parent-snapshot-id"] = json!(parent);
    }
    json!([
        {"action": "add-snapshot", "snapshot": snapshot},
        {"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": id},
    ])
}

/// The requirements of an append.
pub fn main_is(metadata: &Value) -> Value {
    let id = metadata["current-snapshot-id"].as_i64().filter(|id| *id >= 0);
    json!([
        {"type": "assert-table-uuid", "uuid": metadata["table-uuid"]},
        {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": id},
    ])
}

fn data_file(path: &str) -> DataFile {
    DataFileBuilder::default()
        .content(DataContentType::Data)
        .file_path(path.to_owned())
        .file_format(DataFileFormat::Parquet)
        .partition(Struct::empty())
        .partition_spec_id(0)
        .record_count(1)
        .file_size_in_bytes(1)
        .build()
        .unwrap()
}

fn io() -> FileIO {
    FileIOBuilder::new(Arc::new(LocalFsStorageFactory)).build()
}

pub fn mine(name: &str) -> TableName {
    TableName::new("mine", name)
}
