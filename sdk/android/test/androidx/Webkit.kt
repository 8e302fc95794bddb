// What the kit uses of androidx.webkit 1.12, written down after its documentation so that the Android part can be
// compiled where Google's own registry cannot be reached. It does nothing and is in no app.
package androidx.webkit

import android.net.Uri
import android.webkit.CookieManager
import android.webkit.WebStorage
import android.webkit.WebView

abstract class JavaScriptReplyProxy {
    abstract fun postMessage(message: String)
}

abstract class WebMessageCompat {
    abstract val data: String?
}

interface Profile {
    val cookieManager: CookieManager
    val webStorage: WebStorage
}

interface ProfileStore {
    fun getOrCreateProfile(name: String): Profile

    fun getProfile(name: String): Profile?

    fun getAllProfileNames(): List<String>

    fun deleteProfile(name: String): Boolean

    companion object {
        @JvmStatic
        fun getInstance(): ProfileStore = throw UnsupportedOperationException()
    }
}

object WebViewFeature {
    const val WEB_MESSAGE_LISTENER = "WEB_MESSAGE_LISTENER"
    const val MULTI_PROFILE = "MULTI_PROFILE"

    @JvmStatic
    fun isFeatureSupported(feature: String): Boolean = throw UnsupportedOperationException(feature)
}

object WebViewCompat {
    fun interface WebMessageListener {
        fun onPostMessage(view: WebView, message: WebMessageCompat, sourceOrigin: Uri, isMainFrame: Boolean, replyProxy: JavaScriptReplyProxy)
    }

    @JvmStatic
    fun addWebMessageListener(view: WebView, name: String, allowedOriginRules: Set<String>, listener: WebMessageListener): Unit =
        throw UnsupportedOperationException("$view $name $allowedOriginRules $listener")

    @JvmStatic
    fun setProfile(view: WebView, name: String): Unit = throw UnsupportedOperationException("$view $name")
}
