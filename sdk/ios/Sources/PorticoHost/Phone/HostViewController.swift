// Where a host's programs are: one over the other, and the consent sheet over all of them. What they store is in memory
// alone, apart for each program, and goes with the person.
#if canImport(UIKit)
import UIKit
import WebKit

@MainActor
public final class HostViewController: UIViewController, Stage {
    private let account: String
    private let interactionReturnUri: String
    private weak var look: HostLook?
    private var stores: [String: WKWebsiteDataStore] = [:]

    /// `interactionReturnUri` is the registered one, where the sheet ends.
    public init(account: String, interactionReturnUri: String, look: HostLook) {
        self.account = account
        self.interactionReturnUri = interactionReturnUri
        self.look = look
        super.init(nibName: nil, bundle: nil)
    }

    @available(*, unavailable)
    required init?(coder: NSCoder) { nil }

    public func screen(_ program: Program) -> Screen {
        guard let look else { preconditionFailure("the app's look is gone before its host") }
        let store = stores[program.clientId] ?? .nonPersistent()
        stores[program.clientId] = store
        let screen = ProgramView(program: program, store: store, look: look) { [weak self] in
            // A file chooser of the page, or the like.
            self?.presentedViewController?.dismiss(animated: false)
        }
        fill(view, with: screen)
        return screen
    }

    public func forget(_ account: String) {
        guard account == self.account else { return }
        stores = [:]
    }

    public func sheet(_ uri: URL, _ interaction: String?, done: @escaping @MainActor (String) -> Void) -> @MainActor () -> Void {
        let dim = UIView()
        dim.backgroundColor = UIColor.black.withAlphaComponent(0.6)
        dim.accessibilityViewIsModal = true
        let sheet = SheetView(uri: uri, interaction: interaction, endsAt: interactionReturnUri, look: look, done: done)
        fill(view, with: dim)
        let height = view.bounds.height * 0.9
        sheet.frame = CGRect(x: 0, y: view.bounds.height - height, width: view.bounds.width, height: height)
        sheet.autoresizingMask = [.flexibleWidth, .flexibleHeight, .flexibleTopMargin]
        dim.addSubview(sheet)
        let outside = UIButton(primaryAction: UIAction { _ in done("later") })
        outside.frame = CGRect(x: 0, y: 0, width: view.bounds.width, height: view.bounds.height - height)
        outside.autoresizingMask = [.flexibleWidth, .flexibleBottomMargin]
        dim.addSubview(outside)
        return {
            sheet.end()
            dim.removeFromSuperview()
        }
    }
}

/// The consent sheet: no bridge, no script, no cookies that it would need. Its address is what it is worth.
@MainActor
private final class SheetView: UIView, WKNavigationDelegate {
    private let web: WKWebView
    private let uri: URL
    private let interaction: String?
    private let endsAt: String
    private weak var look: HostLook?
    private let done: @MainActor (String) -> Void

    init(uri: URL, interaction: String?, endsAt: String, look: HostLook?, done: @escaping @MainActor (String) -> Void) {
        let configuration = WKWebViewConfiguration()
        configuration.websiteDataStore = .nonPersistent()
        configuration.defaultWebpagePreferences.allowsContentJavaScript = false
        web = WKWebView(frame: .zero, configuration: configuration)
        self.uri = uri
        self.interaction = interaction
        self.endsAt = endsAt
        self.look = look
        self.done = done
        super.init(frame: .zero)
        web.navigationDelegate = self
        web.allowsLinkPreview = false
        fill(self, with: web)
        web.load(URLRequest(url: uri))
    }

    @available(*, unavailable)
    required init?(coder: NSCoder) { nil }

    func end() {
        web.navigationDelegate = nil
        web.stopLoading()
    }

    func webView(
        _ webView: WKWebView, decidePolicyFor action: WKNavigationAction,
        decisionHandler: @escaping @MainActor (WKNavigationActionPolicy) -> Void
    ) {
        guard let to = action.request.url else { return decisionHandler(.cancel) }
        if to.absoluteString.hasPrefix("\(endsAt)?") {
            decisionHandler(.cancel)
            let items = URLComponents(url: to, resolvingAgainstBaseURL: false)?.queryItems ?? []
            func value(_ name: String) -> String? { items.first { $0.name == name }?.value }
            if interaction == nil || value("interaction") == interaction { done(value("result") ?? "later") }
            return
        }
        if originOf(to.absoluteString) == originOf(uri.absoluteString) && action.targetFrame != nil { return decisionHandler(.allow) }
        // A program's privacy policy, say: not in the sheet, which asks in Portico's name.
        if action.navigationType == .linkActivated { look?.outside(to) }
        decisionHandler(.cancel)
    }
}
#endif
