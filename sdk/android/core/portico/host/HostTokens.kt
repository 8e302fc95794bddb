// The host's own tokens of one account: redeemed, renewed, exchanged for launches, given back. A public client
// whose tokens are bound to a key of the phone (RFC 9449); after the process ended, the refresh token and the key
// are all that is left of it.
//
// It waits for the network: never call it on the main thread.
package portico.host

import java.io.IOException
import java.net.HttpURLConnection
import java.net.URL
import java.net.URLEncoder

/** Where the refresh token is kept; Android's is `DeviceVault`. */
interface TokenVault {
    fun read(): String?

    fun write(refreshToken: String)

    fun clear()
}

class HostTokens(
    private val clientId: String,
    private val tokenEndpoint: String,
    private val revocationEndpoint: String,
    private val key: DpopKey,
    private val vault: TokenVault,
    private val world: World,
    private val epochSeconds: () -> Long = { System.currentTimeMillis() / 1000 },
) : Credentials {
    private class Access(val token: String, val renewAt: Long)

    private var access: Access? = null

    @Volatile
    private var nonce: String? = null

    /** Called when a refresh was refused or the person signs out, from whatever thread found out: the host locks. */
    @Volatile
    var ended: () -> Unit = {}

    /**
     * Redeems the code of the person's sign-in. The answer's `id_token` says who it is; its `nonce` is the app's to compare.
     *
     * @throws Refusal
     * @throws IOException
     */
    @Synchronized
    fun redeem(code: String, codeVerifier: String, redirectUri: String): Map<String, Any?> =
        post("grant_type" to "authorization_code", "code" to code, "code_verifier" to codeVerifier, "redirect_uri" to redirectUri)
            .also(::adopt)

    /**
     * A launch code, a launch token or whatever else an exchange gives for a program; `params` are those of the
     * page's call besides. Offline it is refused with `temporarily_unavailable`.
     */
    fun launch(programId: String, requestedTokenType: String, params: Map<String, String>): Map<String, Any?> =
        try {
            try {
                exchange(programId, requestedTokenType, params)
            } catch (refusal: SubjectToken) {
                if (refusal.state == "ended") throw endedNow()
                if (refresh() == Refreshed.ENDED) throw Refusal("locked")
                exchange(programId, requestedTokenType, params)
            }
        } catch (refusal: SubjectToken) {
            throw Refusal("server_error", refusal.state)
        } catch (_: IOException) {
            throw Refusal(Refusal.UNAVAILABLE)
        }

    override fun headers(method: String, uri: String): Map<String, String> {
        val token = token()
        return mapOf("Authorization" to "DPoP $token", "DPoP" to proof(method, uri, token))
    }

    override fun heardNonce(nonce: String) {
        this.nonce = nonce
    }

    @Synchronized
    override fun refresh(): Refreshed {
        val refreshToken = vault.read() ?: return Refreshed.ENDED
        return try {
            adopt(post("grant_type" to "refresh_token", "refresh_token" to refreshToken))
            Refreshed.RENEWED
        } catch (refusal: Refusal) {
            if (refusal.error != "invalid_grant") return Refreshed.UNAVAILABLE
            access = null
            vault.clear()
            ended()
            Refreshed.ENDED
        } catch (_: IOException) {
            Refreshed.UNAVAILABLE
        }
    }

    /**
     * Signs out: the session and every program of it end. Offline the phone forgets all the same, and this throws:
     * the session lives on until it is ended elsewhere or by its time, and the app says so.
     *
     * @throws IOException
     */
    @Synchronized
    fun signOut() {
        val refreshToken = vault.read()
        access = null
        vault.clear()
        ended()
        if (refreshToken != null) send(revocationEndpoint, mapOf("client_id" to clientId, "token" to refreshToken))
    }

    /** A challenge whose verifier nobody knows, for a code that nobody is to redeem. */
    internal fun nobodysSecret(): String = base64url(sha256(world.nonce()))

    private class SubjectToken(val state: String) : Exception(state)

    private fun endedNow(): Refusal {
        vault.clear()
        ended()
        return Refusal("locked")
    }

    private fun exchange(programId: String, requestedTokenType: String, params: Map<String, String>): Map<String, Any?> =
        post(
            *params.toList().toTypedArray(),
            "grant_type" to "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token" to token(),
            "subject_token_type" to "urn:ietf:params:oauth:token-type:access_token",
            "audience" to programId,
            "requested_token_type" to requestedTokenType,
        )

    /** The host's access token, renewed when four fifths of its time are over. */
    @Synchronized
    private fun token(): String {
        access?.takeIf { world.now() < it.renewAt }?.let { return it.token }
        when (refresh()) {
            Refreshed.RENEWED -> return access!!.token
            Refreshed.ENDED -> throw Refusal("locked")
            // What is left of its time is good while there is no network to renew it.
            Refreshed.UNAVAILABLE -> return access?.token ?: throw IOException("no token, and none to be had")
        }
    }

    private fun adopt(answer: Map<String, Any?>) {
        val token = answer["access_token"] as? String ?: throw IOException("an answer without a token")
        val livesMs = ((answer["expires_in"] as? Double ?: 0.0) * 1000).toLong()
        (answer["refresh_token"] as? String)?.let(vault::write)
        access = Access(token, world.now() + livesMs * 4 / 5)
    }

    private fun proof(method: String, uri: String, accessToken: String?) =
        key.proof(method, uri, nonce, accessToken, world.nonce(), epochSeconds())

    private fun post(vararg form: Pair<String, String>): Map<String, Any?> {
        val members = form.toMap() + ("client_id" to clientId)
        val (status, answer) = send(tokenEndpoint, members).let {
            if (it.second["error"] == "use_dpop_nonce") send(tokenEndpoint, members) else it
        }
        if (status == 200) return answer
        (answer["subject_token_state"] as? String)?.let { throw SubjectToken(it) }
        val error = answer["error"] as? String
        if (error == null || status >= 500) throw IOException("the server answered $status")
        throw Refusal(error, answer["error_description"] as? String, answer["interaction_uri"] as? String, answer["interaction"] as? String)
    }

    private fun send(uri: String, form: Map<String, String>): Pair<Int, Map<String, Any?>> {
        val connection = URL(uri).openConnection() as HttpURLConnection
        try {
            connection.connectTimeout = TIMEOUT_MS
            connection.readTimeout = TIMEOUT_MS
            connection.instanceFollowRedirects = false
            connection.doOutput = true
            connection.setRequestProperty("Content-Type", "application/x-www-form-urlencoded")
            connection.setRequestProperty("DPoP", proof("POST", uri, null))
            val body = form.entries.joinToString("&") { (name, value) -> "${encode(name)}=${encode(value)}" }
            connection.outputStream.use { it.write(body.toByteArray()) }
            val status = connection.responseCode
            connection.getHeaderField("DPoP-Nonce")?.let(::heardNonce)
            val stream = if (status < 400) connection.inputStream else connection.errorStream
            val text = stream?.use { it.readBytes().toString(Charsets.UTF_8) }.orEmpty()
            return status to Json.parseObject(text).orEmpty()
        } finally {
            connection.disconnect()
        }
    }

    private fun encode(text: String) = URLEncoder.encode(text, "UTF-8")

    private companion object {
        const val TIMEOUT_MS = 10_000
    }
}
