// One program's WebView: bound once to one program, with a store of its own, under a cover that the page cannot
// reach, and destroyed with it. It carries texts to `Program.receive` and judges nothing itself but where it goes.
package portico.host

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.Bitmap
import android.graphics.Color
import android.net.Uri
import android.view.MotionEvent
import android.view.View
import android.view.ViewGroup
import android.view.inputmethod.InputMethodManager
import android.webkit.JavascriptInterface
import android.webkit.RenderProcessGoneDetail
import android.webkit.WebResourceRequest
import android.webkit.WebSettings
import android.webkit.WebView
import android.webkit.WebViewClient
import android.widget.FrameLayout
import androidx.webkit.WebViewCompat
import androidx.webkit.WebViewFeature

/** What the app adds to the views: words on the lock, and where links lead that leave a program. */
interface HostLook {
    /** What stands on the lock of a program, such as a button to sign in. The lock itself is there already. */
    fun lock(program: Program, reason: String): View

    /** A link that the person tapped leads out of the program: to the browser, usually, or nowhere. */
    fun outside(uri: Uri)
}

@SuppressLint("ViewConstructor", "SetJavaScriptEnabled")
internal class ProgramView(context: Context, account: String, private val program: Program, private val look: HostLook) :
    FrameLayout(context), Screen {
    private val launch = program.launch
    private val web = WebView(context)
    private val cover = FrameLayout(context)
    private var isInert = false
    private var reason: String? = null

    init {
        ProgramData.separate(web, account, launch.clientId)
        cautious(web.settings)
        // Its state is in no bundle: after the process ended, a program starts anew.
        web.isSaveEnabled = false
        web.webViewClient = Client()
        // Without a WebChromeClient there is no dialog of a page and no full screen, which would lie over the lock.
        bridge()
        cover.setBackgroundColor(Color.WHITE)
        cover.isClickable = true
        cover.isFocusableInTouchMode = true
        cover.visibility = View.GONE
        addView(web)
        addView(cover)
        val ticket = launch.ticket
        if (ticket == null) web.loadUrl(launch.entryUri) else web.postUrl(ticket.endpoint, ticket.form)
    }

    override fun paint(hidden: Boolean, inert: Boolean, reason: String?) {
        cover.visibility = if (hidden) View.VISIBLE else View.GONE
        // A list or a selection that the page has opened is a window over everything: it goes with the view.
        if (hidden && web.parent != null) removeView(web) else if (!hidden && web.parent == null) addView(web, 0)
        isInert = inert
        descendantFocusability = if (inert) ViewGroup.FOCUS_BLOCK_DESCENDANTS else ViewGroup.FOCUS_AFTER_DESCENDANTS
        importantForAccessibility =
            if (inert) View.IMPORTANT_FOR_ACCESSIBILITY_NO_HIDE_DESCENDANTS else View.IMPORTANT_FOR_ACCESSIBILITY_AUTO
        if (hidden || inert) hideKeyboard()
        if (reason == this.reason) return
        this.reason = reason
        cover.removeAllViews()
        if (reason != null) {
            cover.addView(look.lock(program, reason))
            cover.requestFocus()
        }
    }

    override fun show(front: Boolean) {
        visibility = if (front) View.VISIBLE else View.GONE
    }

    override fun goBack(): Boolean = web.canGoBack().also { if (it) web.goBack() }

    override fun destroy() {
        (parent as? ViewGroup)?.removeView(this)
        removeAllViews()
        web.stopLoading()
        web.destroy()
    }

    override fun onInterceptTouchEvent(event: MotionEvent): Boolean = isInert || super.onInterceptTouchEvent(event)

    private fun hideKeyboard() {
        val keyboard = context.getSystemService(Context.INPUT_METHOD_SERVICE) as? InputMethodManager
        keyboard?.hideSoftInputFromWindow(windowToken, 0)
    }

    private fun cautious(settings: WebSettings) {
        settings.javaScriptEnabled = true
        settings.domStorageEnabled = true
        settings.allowFileAccess = false
        settings.allowContentAccess = false
        settings.setGeolocationEnabled(false)
        settings.setSupportMultipleWindows(false)
        settings.javaScriptCanOpenWindowsAutomatically = false
        settings.mixedContentMode = WebSettings.MIXED_CONTENT_NEVER_ALLOW
    }

    private fun bridge() {
        if (!isListening) return web.addJavascriptInterface(Channel(), NAME)
        WebViewCompat.addWebMessageListener(web, NAME, launch.origins.toSet()) { view, message, origin, isMainFrame, reply ->
            val sender = Sender(view === web, isMainFrame, origin.toString()) { reply.postMessage(it) }
            message.data?.let { program.receive(sender, it) }
        }
    }

    /**
     * For views that are too old for a listener. It says neither origin nor frame, and every page that comes here has
     * it: the origin is that of whatever is there now, and an answer goes to whatever is there then. `Program`
     * gives nothing over it that would be worth something to another document.
     */
    private inner class Channel {
        // It is called on a thread of the WebView.
        @JavascriptInterface
        fun postMessage(text: String) = AndroidWorld.onMain {
            val sender = Sender(instance = true, mainFrame = true, originOf(web.url.orEmpty()) ?: "null", ::say)
            program.receive(sender, text)
        }

        private fun say(text: String) {
            if (originOf(web.url.orEmpty()) in launch.origins) web.evaluateJavascript("Portico.receive(${Json.write(text)})", null)
        }
    }

    private inner class Client : WebViewClient() {
        override fun shouldOverrideUrlLoading(view: WebView, request: WebResourceRequest): Boolean {
            if (!request.isForMainFrame || launch.allows(request.url.toString())) return false
            // Not what a script does by itself.
            if (request.hasGesture() && request.url.scheme == "https") look.outside(request.url)
            return true
        }

        // The one above is not asked about forms that are posted.
        override fun onPageStarted(view: WebView, url: String, favicon: Bitmap?) {
            if (launch.allows(url)) return
            view.stopLoading()
            program.retire()
        }

        // Else Android ends the whole app with it.
        override fun onRenderProcessGone(view: WebView, detail: RenderProcessGoneDetail): Boolean {
            program.close()
            return true
        }
    }

    companion object {
        private const val NAME = "porticoBridge"

        val isListening: Boolean get() = WebViewFeature.isFeatureSupported(WebViewFeature.WEB_MESSAGE_LISTENER)
    }
}
