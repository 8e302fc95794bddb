// One program's WKWebView: bound once to one program, with a store of its own, under a cover that the page cannot
// reach, and destroyed with it. It carries texts to `Program.receive` and judges nothing itself but where it goes.
#if canImport(UIKit)
import UIKit
import WebKit

/// What the app adds to the views: words on the lock, and where links lead that leave a program.
@MainActor
public protocol HostLook: AnyObject {
    /// What stands on the lock of a program, such as a button to sign in. The lock itself is there already.
    func lock(_ program: Program, reason: String) -> UIView

    /// A link that the person tapped leads out of the program: to the browser, usually, or nowhere.
    func outside(_ uri: URL)
}

@MainActor
final class ProgramView: UIView, Screen {
    private static let name = "porticoBridge"

    private unowned let program: Program
    private let web: WKWebView
    private let cover = UIView()
    private weak var look: HostLook?
    private let mouth = Mouth()
    private var reason: String?
    private let hides: @MainActor () -> Void

    /// `hides` is called when nothing of the page may be seen any more, so that what it presented goes, too.
    init(program: Program, store: WKWebsiteDataStore, look: HostLook, hides: @escaping @MainActor () -> Void) {
        let configuration = WKWebViewConfiguration()
        configuration.websiteDataStore = store
        configuration.preferences.javaScriptCanOpenWindowsAutomatically = false
        // A video in full screen would be a window of its own, over the lock.
        configuration.allowsInlineMediaPlayback = true
        // The page's own world, since its script speaks; so every frame has it, and each message says which one.
        configuration.userContentController.addScriptMessageHandler(mouth, contentWorld: .page, name: ProgramView.name)
        self.program = program
        self.look = look
        self.hides = hides
        web = WKWebView(frame: .zero, configuration: configuration)
        super.init(frame: .zero)
        mouth.view = self
        web.navigationDelegate = self
        web.allowsLinkPreview = false
        // Without a WKUIDelegate there is no dialog of a page and no second window.
        cover.backgroundColor = .systemBackground
        cover.isHidden = true
        cover.accessibilityViewIsModal = true
        fill(self, with: web)
        fill(self, with: cover)
        web.load(ProgramView.firstLoad(program.launch))
    }

    @available(*, unavailable)
    required init?(coder: NSCoder) { nil }

    func paint(hidden: Bool, inert: Bool, reason: String?) {
        cover.isHidden = !hidden
        isUserInteractionEnabled = !inert
        accessibilityElementsHidden = inert
        if hidden || inert { web.endEditing(true) }
        // A list or a selection that the page has opened goes with the view.
        if hidden {
            if web.superview != nil { hides() }
            web.closeAllMediaPresentations(completionHandler: nil)
            web.removeFromSuperview()
        } else if web.superview == nil {
            fill(self, with: web)
            bringSubviewToFront(cover)
        }
        guard reason != self.reason else { return }
        self.reason = reason
        cover.subviews.forEach { $0.removeFromSuperview() }
        if let reason, let words = look?.lock(program, reason: reason) { fill(cover, with: words) }
        UIAccessibility.post(notification: .screenChanged, argument: hidden ? cover : nil)
    }

    func show(front: Bool) { isHidden = !front }

    func goBack() -> Bool { web.goBack() != nil }

    func destroy() {
        // The configuration would keep the handler, and it this view.
        web.configuration.userContentController.removeAllScriptMessageHandlers()
        web.navigationDelegate = nil
        web.stopLoading()
        web.removeFromSuperview()
        removeFromSuperview()
    }

    private static func firstLoad(_ launch: Launch) -> URLRequest {
        guard let ticket = launch.ticket else { return URLRequest(url: launch.entryUri) }
        var request = URLRequest(url: ticket.endpoint)
        request.httpMethod = "POST"
        request.setValue("application/x-www-form-urlencoded", forHTTPHeaderField: "Content-Type")
        request.httpBody = ticket.form
        return request
    }

    /// A text of a page. An answer to it reaches the document that sent it and no other.
    fileprivate func heard(_ message: WKScriptMessage, _ reply: Reply) {
        guard let text = message.body as? String else { return }
        let origin = message.frameInfo.securityOrigin
        let port = origin.port == 0 ? "" : ":\(origin.port)"
        let sender = Sender(
            instance: message.webView === web, mainFrame: message.frameInfo.isMainFrame,
            origin: "\(origin.protocol)://\(origin.host)\(port)",
            reply: { reply.say($0) },
            tell: { [weak self] in self?.tell($0) })
        program.receive(sender, text)
    }

    /// Says something that nobody asked for: it goes to whatever is there, so it holds no credential, and goes nowhere
    /// while that is no page of the program.
    private func tell(_ text: String) {
        guard let uri = web.url?.absoluteString, let origin = originOf(uri), program.launch.origins.contains(origin) else { return }
        web.callAsyncJavaScript("Portico.receive(text)", arguments: ["text": text], in: nil, in: .page, completionHandler: nil)
    }
}

extension ProgramView: WKNavigationDelegate {
    func webView(
        _ webView: WKWebView, decidePolicyFor action: WKNavigationAction,
        decisionHandler: @escaping @MainActor (WKNavigationActionPolicy) -> Void
    ) {
        let uri = action.request.url
        let isInside = action.targetFrame.map { !$0.isMainFrame } ?? false
        if isInside || program.launch.allows(uri?.absoluteString ?? "") && action.targetFrame != nil { return decisionHandler(.allow) }
        // Not what a script does by itself.
        if let uri, uri.scheme == "https", action.navigationType == .linkActivated { look?.outside(uri) }
        decisionHandler(.cancel)
    }

    func webView(_ webView: WKWebView, didCommit navigation: WKNavigation!) {
        guard !program.launch.allows(webView.url?.absoluteString ?? "") else { return }
        webView.stopLoading()
        program.retire()
    }

    // The page is gone and the view would stay white.
    func webViewWebContentProcessDidTerminate(_ webView: WKWebView) { program.close() }
}

/// What the web view holds for its whole life, in the place of the view itself.
@MainActor
private final class Mouth: NSObject, WKScriptMessageHandlerWithReply {
    weak var view: ProgramView?

    func userContentController(
        _ controller: WKUserContentController, didReceive message: WKScriptMessage,
        replyHandler: @escaping @MainActor (Any?, String?) -> Void
    ) {
        view?.heard(message, Reply(replyHandler))
    }
}

/// The answer to one text, given once. A page whose text is not answered gets nothing, which is no message.
private final class Reply: @unchecked Sendable {
    private var handler: (@MainActor (Any?, String?) -> Void)?

    init(_ handler: @escaping @MainActor (Any?, String?) -> Void) { self.handler = handler }

    @MainActor
    func say(_ text: String) {
        handler?(text, nil)
        handler = nil
    }

    // WebKit wants every handler to be called.
    deinit {
        guard let handler else { return }
        Task { @MainActor in handler(nil, nil) }
    }
}

@MainActor
func fill(_ parent: UIView, with view: UIView) {
    view.frame = parent.bounds
    view.autoresizingMask = [.flexibleWidth, .flexibleHeight]
    parent.addSubview(view)
}
#endif
