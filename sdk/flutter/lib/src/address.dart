// Addresses, read strictly: what a WebView says of an address is compared with what Portico registered,
// letter by letter.

final _https = RegExp(r'^https://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?(?=[/?#]|$)');
// For development: a program on the developer's own machine.
final _loopback = RegExp(r'^http://(localhost|127\.0\.0\.1|\[::1\])(?::([0-9]{1,5}))?(?=[/?#]|$)');
// Browsers read a backslash as a slash, and leave tabs and line ends out.
final _path = RegExp(r'^/(?![/\\])[^\t\n\r\\]*$');
final _link = RegExp(r'^([^/?#]*)([^?#]*)(?:\?([^#]*))?');
const _maxLink = 2048;

/// The origin of an address as a browser writes it; null where it has none that a program could have.
String? originOf(String? address) {
  if (address == null) return null;
  final scheme = address.startsWith('https:') ? 'https' : 'http';
  final found = (scheme == 'https' ? _https : _loopback).firstMatch(address);
  if (found == null) return null;
  final port = found.group(2);
  final usual = port == null || port == (scheme == 'https' ? '443' : '80');
  return '$scheme://${found.group(1)}${usual ? '' : ':$port'}';
}

/// Whether a path stays in the origin of whoever goes there.
bool isPath(String path) => _path.hasMatch(path);

/// The parameters of a query, or null where one cannot be read. The first of two counts.
Map<String, String>? _paramsOf(String query) {
  final params = <String, String>{};
  for (final pair in query.split('&').where((pair) => pair.isNotEmpty)) {
    final at = pair.indexOf('=');
    try {
      final name = Uri.decodeQueryComponent(at < 0 ? pair : pair.substring(0, at));
      final value = Uri.decodeQueryComponent(at < 0 ? '' : pair.substring(at + 1));
      // To the page this would be no parameter.
      if (name == '__proto__') return null;
      params.putIfAbsent(name, () => value);
    } on ArgumentError {
      return null;
    } on FormatException {
      return null;
    }
  }
  return params;
}

/// Where a deep link leads: which program, and a path and parameters for it.
final class DeepLink {
  const DeepLink(this.clientId, this.path, this.params);

  final String clientId;
  final String path;
  final Map<String, String> params;
}

/// Reads a link of the form BASE/CLIENT_ID/PATH?PARAMS, where [base] is a claimed https address of the app;
/// null for everything else. Whoever sends a link may write in it what they like: it opens a program and says
/// where in it to begin, and carries nothing that counts.
DeepLink? readDeepLink(String link, String base) {
  final prefix = base.endsWith('/') ? base : '$base/';
  if (originOf(prefix) == null || link.length > _maxLink || !link.startsWith(prefix)) return null;
  final found = _link.firstMatch(link.substring(prefix.length));
  final clientId = found?.group(1) ?? '';
  final inside = found?.group(2) ?? '';
  final path = inside.isEmpty ? '/' : inside;
  final params = _paramsOf(found?.group(3) ?? '');
  if (clientId.isEmpty || clientId.contains('%') || params == null || !isPath(path)) return null;
  return DeepLink(clientId, path, params);
}

/// What a consent sheet ended with, if [address] is the one at which it ends.
({String interaction, String result})? readInteraction(String address, String returnUri) {
  if (!address.startsWith('$returnUri?')) return null;
  final params = _paramsOf(address.substring(returnUri.length + 1).split('#').first);
  final interaction = params?['interaction'];
  final result = params?['result'];
  return interaction == null || result == null ? null : (interaction: interaction, result: result);
}
