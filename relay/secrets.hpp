// Nothing that is a secret leaves the program but to the receiver it is for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace relay {

class Secrets {
 public:
  /// Short strings are left alone: they would be found everywhere.
  void add(std::string_view secret);
  /// The text with *** in the place of every secret, also where its characters are escaped as JSON, URLs
  /// or HTML do, and of the beginning of one at the end of the text, which may have been cut there.
  std::string redact(std::string_view text) const;

 private:
  std::vector<std::string> secrets_;  // the longest first, since one may contain another
};

/// One line on stderr, which systemd keeps.
void log(const Secrets& secrets, std::string_view line);

}  // namespace relay
