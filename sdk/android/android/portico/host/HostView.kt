// Where a host's programs are: one over the other, and the consent sheet over all of them.
package portico.host

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.Bitmap
import android.net.Uri
import android.view.Gravity
import android.view.View
import android.webkit.WebResourceRequest
import android.webkit.WebView
import android.webkit.WebViewClient
import android.widget.FrameLayout

/** `interactionReturnUri` is the registered one, where the sheet ends. */
@SuppressLint("ViewConstructor")
class HostView(context: Context, private val account: String, private val interactionReturnUri: String, private val look: HostLook) :
    FrameLayout(context), Stage {
    override val isAddressed: Boolean get() = ProgramView.isListening

    override fun screen(program: Program): Screen = ProgramView(context, account, program, look).also { addView(it) }

    override fun forget(account: String) = ProgramData.forget(account)

    override fun sheet(uri: String, interaction: String?, done: (String) -> Unit): () -> Unit {
        val dim = FrameLayout(context)
        dim.setBackgroundColor(DIM)
        dim.isClickable = true
        dim.setOnClickListener { done("later") }
        val sheet = sheetView(uri, interaction, done)
        dim.addView(sheet, LayoutParams(LayoutParams.MATCH_PARENT, height * 9 / 10, Gravity.BOTTOM))
        addView(dim)
        sheet.requestFocus()
        sheet.loadUrl(uri)
        return {
            removeView(dim)
            dim.removeAllViews()
            sheet.destroy()
        }
    }

    // No bridge, no script, no cookies that it would need: its address is what it is worth.
    private fun sheetView(uri: String, interaction: String?, done: (String) -> Unit): WebView {
        val view = WebView(context)
        view.isSaveEnabled = false
        view.settings.allowFileAccess = false
        view.settings.allowContentAccess = false
        view.importantForAutofill = View.IMPORTANT_FOR_AUTOFILL_NO
        view.webViewClient = object : WebViewClient() {
            override fun shouldOverrideUrlLoading(view: WebView, request: WebResourceRequest): Boolean {
                if (ends(request.url)) return true
                if (originOf(request.url.toString()) == originOf(uri)) return false
                // A program's privacy policy, say: not in the sheet, which asks in Portico's name.
                if (request.hasGesture()) look.outside(request.url)
                return true
            }

            override fun onPageStarted(view: WebView, url: String, favicon: Bitmap?) {
                if (ends(Uri.parse(url))) view.stopLoading()
            }

            private fun ends(to: Uri): Boolean {
                if (!to.toString().startsWith("$interactionReturnUri?")) return false
                val isThis = interaction == null || interaction == to.parameter("interaction")
                // Later: the view that is just asking goes away with it.
                if (isThis) post { done(to.parameter("result") ?: "later") }
                return true
            }
        }
        return view
    }

    private fun Uri.parameter(name: String): String? = if (isHierarchical) getQueryParameter(name) else null

    private companion object {
        const val DIM = 0x99000000.toInt()
    }
}
