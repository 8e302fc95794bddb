// What programs store on the phone: a profile for each person and program, so that no program sees another's
// cookies and no person those of the one before.
package portico.host

import android.webkit.CookieManager
import android.webkit.WebStorage
import android.webkit.WebView
import androidx.webkit.ProfileStore
import androidx.webkit.WebViewCompat
import androidx.webkit.WebViewFeature
import java.security.MessageDigest

internal object ProgramData {
    private const val PREFIX = "portico-"
    private var isSwept = false

    private val hasProfiles: Boolean get() = WebViewFeature.isFeatureSupported(WebViewFeature.MULTI_PROFILE)

    /** Gives a new view its own store. It comes before everything else that is done with the view. */
    fun separate(view: WebView, account: String, clientId: String) {
        if (!hasProfiles) {
            // One jar for all: at least nothing is set there by what is only embedded.
            CookieManager.getInstance().setAcceptThirdPartyCookies(view, false)
            return
        }
        sweep()
        val name = PREFIX + digest(account) + "-" + digest(clientId)
        ProfileStore.getInstance().getOrCreateProfile(name)
        WebViewCompat.setProfile(view, name)
    }

    /** Empties what this account's programs have. A profile that was used stays until the process ends; then it is swept. */
    fun forget(account: String) {
        if (!hasProfiles) {
            CookieManager.getInstance().removeAllCookies(null)
            WebStorage.getInstance().deleteAllData()
            return
        }
        val profiles = ProfileStore.getInstance()
        for (name in profiles.getAllProfileNames()) {
            if (!name.startsWith(PREFIX + digest(account) + "-")) continue
            profiles.getProfile(name)?.run {
                cookieManager.removeAllCookies(null)
                webStorage.deleteAllData()
            }
        }
    }

    /** Once in a process, before a profile is used: programs start anew, and so does what they store. */
    private fun sweep() {
        if (isSwept) return
        isSwept = true
        val profiles = ProfileStore.getInstance()
        profiles.getAllProfileNames().filter { it.startsWith(PREFIX) }.forEach(profiles::deleteProfile)
    }

    private fun digest(text: String): String =
        MessageDigest.getInstance("SHA-256").digest(text.toByteArray()).take(12).joinToString("") { "%02x".format(it) }
}
