// swift-tools-version:5.9
import PackageDescription

let package = Package(
    name: "PorticoHost",
    platforms: [.iOS(.v15), .macOS(.v13)],
    products: [.library(name: "PorticoHost", targets: ["PorticoHost"])],
    targets: [
        .target(name: "PorticoHost"),
        .testTarget(name: "PorticoHostTests", dependencies: ["PorticoHost"]),
    ]
)
