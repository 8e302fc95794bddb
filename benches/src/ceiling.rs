//! Ceilings: a small server of the same actix-web with the same number of workers, which reads the
//! body of a request and does the named work, and nothing of what makes Portico Portico. No client
//! is authenticated here, nothing is parsed, checked, sealed or counted.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use clap::Args;
use josekit::jws::{ES256, JwsSigner, JwsVerifier};

use crate::Outcome;

mod code_flow;
mod launch;

use code_flow::Desk;

/// Threads that may block on the database: as many as Portico's server has.
const BLOCKING_THREADS: usize = 16;

/// What a ceiling is made of.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where to listen
    #[arg(long)]
    listen: SocketAddr,
    /// The database of the code flow; without it there is none
    #[arg(long)]
    database: Option<String>,
    /// Connections to it that are open at once
    #[arg(long, default_value_t = 4)]
    connections: u32,
    /// Bytes of an answer to an introspection request
    #[arg(long, default_value_t = 0)]
    introspection: usize,
    /// Bytes of an answer to a client credentials request
    #[arg(long, default_value_t = 0)]
    token: usize,
    /// Bytes of an answer to a launch
    #[arg(long, default_value_t = 0)]
    launch: usize,
    /// Bytes of an access token
    #[arg(long, default_value_t = 500)]
    signed: usize,
}

/// The work of all ceilings.
struct Work {
    introspection: Bytes,
    token: Bytes,
    launch: Bytes,
    /// What is signed and verified.
    message: Vec<u8>,
    signature: Vec<u8>,
    signer: Box<dyn JwsSigner>,
    verifier: Box<dyn JwsVerifier>,
}

impl Work {
    fn new(options: &Options) -> Outcome<Self> {
        let pair = ES256.generate_key_pair()?;
        let signer = ES256.signer_from_der(pair.to_der_private_key())?;
        let verifier = ES256.verifier_from_der(pair.to_der_public_key())?;
        let message = vec![b'm'; options.signed];
        Ok(Self {
            introspection: json_of(options.introspection),
            token: json_of(options.token),
            launch: json_of(options.launch),
            signature: signer.sign(&message)?,
            message,
            signer: Box::new(signer),
            verifier: Box::new(verifier),
        })
    }

    /// What stands in a token before its signature.
    fn filling(&self) -> &str {
        std::str::from_utf8(&self.message).unwrap_or_default()
    }

    /// One ES256 signature, in the text of a token.
    fn sign(&self) -> Result<String, actix_web::Error> {
        let signature = self.signer.sign(&self.message);
        let signature = signature.map_err(actix_web::error::ErrorInternalServerError)?;
        Ok(foundation::base64url::encode(&signature))
    }
}

/// Serves until the process is ended.
pub(crate) fn serve(options: &Options) -> Outcome<()> {
    let work = Data::new(Work::new(options)?);
    let desk = options.database.as_deref();
    let desk = desk
        .map(|url| Desk::open(url, options.connections))
        .transpose()?;
    let desk = desk.map(|desk| Data::from(Arc::new(desk)));
    let factory = move || {
        let site = App::new()
            .app_data(work.clone())
            .route("/readyz", web::get().to(HttpResponse::Ok))
            .route("/fixed", web::post().to(fixed))
            .route("/verified", web::post().to(verified))
            .route("/signed", web::post().to(signed));
        match &desk {
            Some(desk) => site
                .app_data(desk.clone())
                .route("/authorize", web::get().to(code_flow::authorize))
                .route("/token", web::post().to(code_flow::token))
                .route("/launch", web::post().to(launch::launch)),
            None => site,
        }
    };
    let server = HttpServer::new(factory)
        .workers(1)
        .worker_max_blocking_threads(BLOCKING_THREADS)
        .bind(options.listen)?;
    actix_web::rt::System::new().block_on(server.run())?;
    Ok(())
}

/// A JSON object of so many bytes.
fn json_of(bytes: usize) -> Bytes {
    let frame = r#"{"active":true,"access_token":""}"#;
    let filling = "x".repeat(bytes.saturating_sub(frame.len()));
    Bytes::from(frame.replace("\"\"", &format!("\"{filling}\"")))
}

fn json(body: impl Into<Bytes>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(body.into())
}

/// A fixed body.
async fn fixed(work: Data<Work>, _body: Bytes) -> HttpResponse {
    json(work.introspection.clone())
}

/// A fixed body after one ES256 verification.
async fn verified(work: Data<Work>, _body: Bytes) -> Result<HttpResponse, actix_web::Error> {
    work.verifier
        .verify(&work.message, &work.signature)
        .map_err(actix_web::error::ErrorInternalServerError)?;
    Ok(json(work.introspection.clone()))
}

/// A fixed body after one ES256 signature.
async fn signed(work: Data<Work>, _body: Bytes) -> Result<HttpResponse, actix_web::Error> {
    std::hint::black_box(work.sign()?);
    Ok(json(work.token.clone()))
}
