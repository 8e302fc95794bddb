// Proofs of a key (RFC 9449): ES256 over the method, the address, the server's nonce and the token.
package portico.host

import java.math.BigInteger
import java.security.MessageDigest
import java.security.PrivateKey
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.util.Base64

/** A P-256 key; the private half may be in hardware that never shows it. */
class DpopKey(private val privateKey: PrivateKey, publicKey: ECPublicKey) {
    // "required members of the elliptic curve public key ... in lexicographic order" (RFC 7638 §3.2, §3.3)
    private val jwk = linkedMapOf(
        "crv" to "P-256",
        "kty" to "EC",
        "x" to base64url(publicKey.w.affineX.toBytes()),
        "y" to base64url(publicKey.w.affineY.toBytes()),
    )

    /** What `cnf.jkt` of a token of this key is. */
    val thumbprint: String get() = base64url(sha256(Json.write(jwk)))

    /**
     * The header `DPoP` of one request. `jti` is drawn anew for each; `iat` is this phone's calendar, which may be
     * wrong: with a nonce of the server it is not judged.
     */
    fun proof(method: String, uri: String, nonce: String?, accessToken: String?, jti: String, iatSeconds: Long): String {
        val header = mapOf("typ" to "dpop+jwt", "alg" to "ES256", "jwk" to jwk)
        val claims = LinkedHashMap<String, Any?>()
        claims["jti"] = jti
        claims["htm"] = method
        // "without query and fragment parts" (RFC 9449 §4.2)
        claims["htu"] = uri.substringBefore('#').substringBefore('?')
        claims["iat"] = iatSeconds
        if (nonce != null) claims["nonce"] = nonce
        if (accessToken != null) claims["ath"] = base64url(sha256(accessToken))
        val signed = "${base64url(Json.write(header).toByteArray())}.${base64url(Json.write(claims).toByteArray())}"
        val signature = Signature.getInstance("SHA256withECDSA")
        signature.initSign(privateKey)
        signature.update(signed.toByteArray())
        return "$signed.${base64url(joined(signature.sign()))}"
    }

    private companion object {
        const val SIZE = 32

        fun BigInteger.toBytes(): ByteArray {
            val bytes = toByteArray().dropWhile { it.toInt() == 0 }
            return ByteArray(SIZE - bytes.size) + bytes.toByteArray()
        }

        /** Java signs in DER, a JWS is R and S one after the other (RFC 7518 §3.4); Android has no such algorithm. */
        fun joined(der: ByteArray): ByteArray {
            // Both halves are shorter than 128 bytes: SEQUENCE, length, INTEGER, length, R, INTEGER, length, S.
            val r = der.copyOfRange(4, 4 + der[3])
            val s = der.copyOfRange(6 + der[3], der.size)
            return BigInteger(1, r).toBytes() + BigInteger(1, s).toBytes()
        }
    }
}

internal fun base64url(bytes: ByteArray): String = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes)

internal fun sha256(text: String): ByteArray = MessageDigest.getInstance("SHA-256").digest(text.toByteArray())
