// The vectors that every implementation shares, read and made ready: `$name` stands for a value,
// `$repeat` for a long text. sdk/vectors/README.md says what they mean.

import 'dart:convert';
import 'dart:io';

/// A file of vectors, with its values in their places.
Map<String, Object?> vectors(String name) {
  // Tests run in the folder of their package.
  final file = jsonDecode(File('../vectors/$name.json').readAsStringSync()) as Map<String, Object?>;
  final values = file['values'] as Map<String, Object?>? ?? const {};
  return {
    for (final MapEntry(:key, :value) in file.entries) key: key == 'values' ? value : _fill(value, values),
  };
}

Object? _fill(Object? value, Map<String, Object?> values) {
  if (value is String) return values.containsKey(value) ? values[value] : value;
  if (value is List) return [for (final item in value) _fill(item, values)];
  if (value is! Map<String, Object?>) return value;
  final repeat = value[r'$repeat'];
  if (repeat is List) {
    final text = (repeat[0] as String) * (repeat[1] as int);
    return '${value['before'] ?? ''}$text${value['after'] ?? ''}';
  }
  return {for (final MapEntry(:key, value: item) in value.entries) key: _fill(item, values)};
}
