import CConsoleAssets

/// The web page that `apus serve` shows at `/`: which file answers which path.
///
/// Pure look-ups on constants, safe from any thread and cheap enough for an event loop. The first
/// one sums the bytes of all files for their entity tags (about 80 kB, once per process).
package enum ConsolePages {
  /// What the page is allowed to do, to be sent as `Content-Security-Policy` with each file: its
  /// own scripts, styles and calls and nothing from elsewhere, nothing inline, never in a frame.
  package static let contentSecurityPolicy = [
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
    "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].joined(separator: "; ")

  /// Every file of the page.
  package static let assets = (0..<apus_console_asset_count()).map { PageAsset(at: $0) }

  /// The file served at `path`, which carries no query; nil where the page has none.
  package static func asset(atPath path: String) -> PageAsset? {
    assetsByPath[path]
  }

  private static let assetsByPath = Dictionary(
    uniqueKeysWithValues: assets.map { ($0.path, $0) })
}
