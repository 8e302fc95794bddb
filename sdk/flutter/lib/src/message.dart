// What a page may say, and the form of each: the messages of docs/bridge.md, read and judged by form
// alone. Who said it is binding.dart's business.

import 'dart:convert';

/// The most bytes (UTF-8) that a message has.
const maxBytes = 65536;

// `$` is the end of the text here, and nothing else: no line end may follow.
final _nonce = RegExp(r'^[A-Za-z0-9_-]{22,64}$');
final _method = RegExp(r'^[a-z][a-z0-9_]{0,63}$');
const _maxSafe = 9007199254740991;

/// A message of a page.
sealed class PageMessage {
  const PageMessage(this.pageNonce);

  /// Drawn anew by each document.
  final String pageNonce;
}

/// A document says that it is there.
final class Hello extends PageMessage {
  const Hello(super.pageNonce, this.clientId);

  final String clientId;
}

/// A message after the handshake: it names the welcome that it follows, and a call.
sealed class BoundMessage extends PageMessage {
  const BoundMessage(super.pageNonce, this.hostNonce, this.id);

  final String hostNonce;
  final int id;
}

/// A document asks for something.
final class Call extends BoundMessage {
  const Call(super.pageNonce, super.hostNonce, super.id, this.method, this.params, this.timeoutMs);

  final String method;
  final Map<String, Object?> params;
  final int? timeoutMs;
}

/// A document does not want an answer any more.
final class Cancel extends BoundMessage {
  const Cancel(super.pageNonce, super.hostNonce, super.id);
}

/// Whether a text has no more bytes than a message may have.
bool fits(String text) => text.length <= maxBytes && utf8.encode(text).length <= maxBytes;

/// A message of a page, or null: it is too long, no JSON, or has another form.
PageMessage? parse(String text) {
  if (!fits(text)) return null;
  final Object? said;
  try {
    said = jsonDecode(text);
  } on FormatException {
    return null;
  }
  if (said is! Map<String, Object?> || said['portico'] != 1) return null;
  final pageNonce = said['page_nonce'];
  if (!_isNonce(pageNonce)) return null;
  return switch (said['type']) {
    'hello' => _hello(pageNonce as String, said),
    'call' => _call(pageNonce as String, said),
    'cancel' => _cancel(pageNonce as String, said),
    _ => null,
  };
}

Hello? _hello(String pageNonce, Map<String, Object?> said) {
  final clientId = said['client_id'];
  return clientId is String ? Hello(pageNonce, clientId) : null;
}

Call? _call(String pageNonce, Map<String, Object?> said) {
  final hostNonce = said['host_nonce'];
  final id = _count(said['id']);
  final method = said['method'];
  if (!_isNonce(hostNonce) || id == null) return null;
  if (method is! String || !_method.hasMatch(method)) return null;
  // A member that is there and null has another form than one that is missing.
  final params = said.containsKey('params') ? said['params'] : const <String, Object?>{};
  if (params is! Map<String, Object?>) return null;
  final timeoutMs = _count(said['timeout_ms']);
  if (said.containsKey('timeout_ms') && timeoutMs == null) return null;
  return Call(pageNonce, hostNonce as String, id, method, params, timeoutMs);
}

Cancel? _cancel(String pageNonce, Map<String, Object?> said) {
  final hostNonce = said['host_nonce'];
  final id = _count(said['id']);
  return _isNonce(hostNonce) && id != null ? Cancel(pageNonce, hostNonce as String, id) : null;
}

bool _isNonce(Object? value) => value is String && _nonce.hasMatch(value);

/// An integer of JSON that JavaScript can count to, above 0. `1.0` is one, as it is there.
int? _count(Object? value) {
  if (value is! num || !value.isFinite || value != value.truncate()) return null;
  return value > 0 && value <= _maxSafe ? value.toInt() : null;
}
