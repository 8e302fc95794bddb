//! The static files of all programs: style sheets, scripts and icons, compiled in.

use actix_web::http::header;
use actix_web::{HttpResponse, web};

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Name, media type, content.
const FILES: [(&str, &str, &str); 16] = [
    (
        "program.css",
        CSS,
        include_str!("../../static/demo/program.css"),
    ),
    (
        "program.js",
        JS,
        include_str!("../../static/demo/program.js"),
    ),
    ("wear.js", JS, include_str!("../../static/demo/wear.js")),
    ("lido.js", JS, include_str!("../../static/demo/lido.js")),
    // A page that no backend makes keeps a copy of the bridge: a newer Portico has a newer one.
    (
        "portico.js",
        JS,
        include_str!("../../static/bridge/portico.js"),
    ),
    ("nova.js", JS, include_str!("../../static/demo/nova.js")),
    ("nova.css", CSS, include_str!("../../static/demo/nova.css")),
    ("drawer.js", JS, include_str!("../../static/demo/drawer.js")),
    (
        "drawer.css",
        CSS,
        include_str!("../../static/demo/drawer.css"),
    ),
    (
        "operator.svg",
        SVG,
        include_str!("../../static/demo/operator.svg"),
    ),
    ("nova.svg", SVG, include_str!("../../static/demo/nova.svg")),
    (
        "market.svg",
        SVG,
        include_str!("../../static/demo/market.svg"),
    ),
    ("taxi.svg", SVG, include_str!("../../static/demo/taxi.svg")),
    ("bank.svg", SVG, include_str!("../../static/demo/bank.svg")),
    ("lido.svg", SVG, include_str!("../../static/demo/lido.svg")),
    (
        "account.svg",
        SVG,
        include_str!("../../static/demo/account.svg"),
    ),
];

/// Answers with one file.
pub(crate) async fn serve(file: web::Path<String>) -> HttpResponse {
    let Some((_, media_type, content)) =
        FILES.into_iter().find(|(name, ..)| *name == file.as_str())
    else {
        return HttpResponse::NotFound()
            .content_type("text/plain")
            .body("There is no such file.\n");
    };
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'"))
        .content_type(media_type)
        .body(content)
}
