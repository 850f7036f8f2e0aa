#include "core/pipeline/total_distribution.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <tuple>

#include "core/foundation/eigen.hpp"
#include "core/foundation/error.hpp"
#include "core/foundation/number_text.hpp"

namespace revenue::pipeline {
namespace {

using Deal = TotalDistribution::Deal;

constexpr std::size_t kMostAtoms = 4096;
constexpr Eigen::Index kLattice = 2048;
constexpr std::size_t kMostConvolved = 512;
constexpr std::size_t kFactors = 16;
constexpr std::size_t kPollEvery = 1 << 16;
constexpr std::array kLevels{0.70, 0.85, 0.95};

/// A possible total, in micros above the offset, and how probable it is.
struct Atom {
  double total;
  double probability;
};

double normal_cdf(double z) { return std::erfc(-z * M_SQRT1_2) / 2; }

double normal_quantile(double p) {
  double low = -10;
  double high = 10;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (normal_cdf(middle) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

// Equally probable values that stand for a lognormal factor, with its mean of 1 and its variance.
std::vector<double> factors(double dispersion) {
  constexpr double kNegligible = 1e-9;
  if (dispersion < kNegligible) return {1.0};
  const double sigma = std::sqrt(std::log1p(dispersion));
  std::vector<double> values;
  for (std::size_t i = 0; i < kFactors; ++i)
    values.push_back(std::exp(sigma * normal_quantile((static_cast<double>(i) + 0.5) / kFactors)));
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / kFactors;
  double variance = 0;
  for (const double value : values) variance += (value / mean - 1) * (value / mean - 1) / kFactors;
  for (double& value : values)
    value = std::max(1 + (value / mean - 1) * std::sqrt(dispersion / variance), 0.0);
  return values;
}

// What is impossible or certain stays so, and the mean over the factors is the probability itself.
double with_factor(double factor, double probability) {
  return std::clamp(probability + (factor - 1) * probability * (1 - probability), 0.0, 1.0);
}

// Beyond it micros do not fit 64 bits.
constexpr double kMostMicros = 9.2e18;

// Every possible total, or nothing when there are too many of them or they are too large.
std::optional<std::vector<Atom>> exact(const std::vector<Deal>& deals) {
  double most = 0;
  for (const Deal& deal : deals) most += static_cast<double>(deal.micros);
  if (most > kMostMicros) return std::nullopt;
  struct ExactAtom {
    std::int64_t total;
    double probability;
  };
  std::vector<ExactAtom> atoms{{0, 1.0}};
  std::vector<ExactAtom> next;
  for (const Deal& deal : deals) {
    next.clear();
    // Lost leaves the totals as they are, won moves them up: two sorted lists become one.
    std::size_t lost = 0;
    std::size_t won = 0;
    while (won < atoms.size()) {
      const std::int64_t moved = atoms[won].total + deal.micros;
      const bool takes_lost = lost < atoms.size() && atoms[lost].total <= moved;
      const std::int64_t total = takes_lost ? atoms[lost].total : moved;
      double probability = 0;
      if (takes_lost) probability += atoms[lost++].probability * (1 - deal.probability);
      if (total == moved) probability += atoms[won++].probability * deal.probability;
      if (probability > 0) next.push_back({total, probability});
    }
    if (next.size() > kMostAtoms) return std::nullopt;
    std::swap(atoms, next);
  }
  std::vector<Atom> result;
  for (const ExactAtom& atom : atoms) result.push_back({static_cast<double>(atom.total), atom.probability});
  return result;
}

// Amounts are rounded to the lattice so that the rounding of one makes up for that of those before.
std::vector<Atom> on_lattice(const std::vector<Deal>& deals) {
  double mean = 0;
  double variance = 0;
  double most = 0;
  for (const Deal& deal : deals) {
    const auto amount = static_cast<double>(deal.micros);
    mean += amount * deal.probability;
    variance += amount * amount * deal.probability * (1 - deal.probability);
    most += amount;
  }
  constexpr double kReach = 10;  // standard deviations, beyond which nothing is looked for
  const double step = std::min(most, mean + kReach * std::sqrt(variance)) / (kLattice - 1);
  if (!(step > 0)) return {{0, 1}};  // wins so improbable that their mean is none
  Eigen::ArrayXd share = Eigen::ArrayXd::Zero(kLattice);
  Eigen::ArrayXd next = share;
  share[0] = 1;
  Eigen::Index top = 0;
  double owed = 0;
  for (const Deal& deal : deals) {
    const double exactly = static_cast<double>(deal.micros) / step;
    const double jump = std::max(std::round(exactly + (deal.probability > 0 ? owed / deal.probability : 0)), 0.0);
    owed += (exactly - jump) * deal.probability;
    const double p = deal.probability;
    const auto shift = static_cast<Eigen::Index>(std::min(jump, static_cast<double>(kLattice)));
    if (shift == 0) continue;
    // What would lie beyond the lattice stays on its last point.
    const Eigen::Index moved = std::min(top + 1, kLattice - shift);
    const double beyond = share.segment(moved, top + 1 - moved).sum() * p;
    const Eigen::Index new_top = std::min(top + shift, kLattice - 1);
    next.segment(top + 1, new_top - top).setZero();
    next.head(top + 1) = share.head(top + 1) * (1 - p);
    next.segment(shift, moved) += share.head(moved) * p;
    next[kLattice - 1] += beyond;
    top = new_top;
    std::swap(share, next);
  }
  std::vector<Atom> atoms;
  for (Eigen::Index i = 0; i <= top; ++i)
    if (share[i] > 0) atoms.push_back({static_cast<double>(i) * step, share[i]});
  return atoms;
}

/// The totals of one value of the factor: atoms, and a normal part that is added to each.
struct Part {
  std::vector<Atom> atoms;
  double mean = 0;
  double deviation = 0;
};

double probability_up_to(const std::vector<Part>& parts, double total) {
  double sum = 0;
  for (const Part& part : parts) {
    for (const Atom& atom : part.atoms) {
      const double above = total - atom.total - part.mean;
      sum += atom.probability * (part.deviation > 0 ? normal_cdf(above / part.deviation) : above >= 0 ? 1 : 0);
    }
  }
  return sum / static_cast<double>(parts.size());
}

// Without a normal part the total is one of the atoms: the smallest that reaches the level.
double atomic_quantile(std::vector<Atom>& sorted, double level, double weight) {
  constexpr double kRounding = 1e-12;
  double sum = 0;
  for (const Atom& atom : sorted) {
    sum += atom.probability * weight;
    if (sum >= level - kRounding) return atom.total;
  }
  return sorted.back().total;
}

// Atoms close to each other are one, so that a normal part need not be added to thousands.
void thin(std::vector<Atom>& atoms, double width) {
  std::vector<Atom> thinned;
  double cell = -1;
  for (const Atom& atom : atoms) {
    const double here = std::floor(atom.total / width);
    if (here != cell) {
      thinned.push_back({0, 0});
      cell = here;
    }
    Atom& into = thinned.back();
    into.total += atom.total * atom.probability;
    into.probability += atom.probability;
  }
  for (Atom& atom : thinned) atom.total /= atom.probability;
  atoms = std::move(thinned);
}

Money money(double micros) {
  if (!(std::fabs(micros) < kMostMicros))
    throw Error(ErrorCode::out_of_range, "the total is out of range", "Amounts add up to less than 9.2e12.",
                "It is " + shown(micros / Money::kMicros) + ".");
  return {std::llround(micros)};
}

}  // namespace

void TotalDistribution::add(Money amount, double probability, double dispersion) {
  if (!(probability >= 0 && probability <= 1))
    throw Error(ErrorCode::invalid_argument, "probability must be between 0 and 1",
                "Divide percentages by 100.", "It is " + shown(probability) + ".");
  if (!(dispersion >= 0 && dispersion <= 100))
    throw Error(ErrorCode::invalid_argument, "dispersion must be between 0 and 100",
                "It is a squared coefficient of variation; 0 makes the deals independent.",
                "It is " + shown(dispersion) + ".");
  dispersion_ = std::max(dispersion_, dispersion);
  deals_.push_back({amount.micros, probability});
}

void TotalDistribution::merge(const TotalDistribution& other) {
  deals_.insert(deals_.end(), other.deals_.begin(), other.deals_.end());
  dispersion_ = std::max(dispersion_, other.dispersion_);
}

void TotalDistribution::serialize(Writer& writer) const {
  writer.put(dispersion_);
  writer.put(deals_.size());
  for (const Deal& deal : deals_) writer.put(deal);
}

void TotalDistribution::deserialize(Reader& reader) {
  dispersion_ = reader.get<double>();
  const auto size = reader.get<std::size_t>();
  if (!(dispersion_ >= 0 && dispersion_ <= 100)) Reader::malformed();
  for (std::size_t i = 0; i < size; ++i) {
    const auto deal = reader.get<Deal>();
    if (!(deal.probability >= 0 && deal.probability <= 1) ||
        std::fabs(static_cast<double>(deal.micros)) > kMostMicros)
      Reader::malformed();
    deals_.push_back(deal);
  }
}

TotalDistributionResult TotalDistribution::result(Poll poll) const {
  TotalDistributionResult result;
  result.deals = static_cast<std::int64_t>(deals_.size());

  std::vector<Deal> deals;
  std::copy_if(deals_.begin(), deals_.end(), std::back_inserter(deals),
               [](const Deal& deal) { return deal.probability > 0; });
  std::sort(deals.begin(), deals.end(), [](const Deal& a, const Deal& b) {
    const auto variance = [](const Deal& deal) {
      const auto amount = static_cast<double>(deal.micros);
      return amount * amount * deal.probability * (1 - deal.probability);
    };
    const double first = variance(a);
    const double second = variance(b);
    return first != second ? first > second : std::tie(a.micros, a.probability) < std::tie(b.micros, b.probability);
  });

  for (const Deal& deal : deals) result.expected_wins += deal.probability;
  std::erase_if(deals, [](const Deal& deal) { return deal.micros == 0; });

  std::vector<Part> parts;
  double mean = 0;
  double square = 0;
  bool few_totals = true;
  for (const double factor : factors(dispersion_)) {
    Part part;
    std::vector<Deal> convolved;
    double offset = 0;
    double rest_variance = 0;
    double part_mean = 0;
    double part_variance = 0;
    for (std::size_t i = 0; i < deals.size(); ++i) {
      if (i % kPollEvery == 0) poll();
      Deal deal = deals[i];
      deal.probability = with_factor(factor, deal.probability);
      const auto amount = static_cast<double>(deal.micros);
      part_mean += amount * deal.probability;
      part_variance += amount * amount * deal.probability * (1 - deal.probability);
      if (i >= kMostConvolved) {
        part.mean += amount * deal.probability;
        rest_variance += amount * amount * deal.probability * (1 - deal.probability);
        continue;
      }
      if (deal.micros < 0) {
        offset += amount;
        deal.micros = -deal.micros;
        deal.probability = 1 - deal.probability;
      }
      convolved.push_back(deal);
    }
    part.deviation = std::sqrt(rest_variance);
    auto atoms = few_totals ? exact(convolved) : std::nullopt;
    few_totals = atoms.has_value();
    part.atoms = few_totals ? std::move(*atoms) : on_lattice(convolved);
    for (Atom& atom : part.atoms) atom.total += offset;
    mean += part_mean;
    square += part_variance + part_mean * part_mean;
    parts.push_back(std::move(part));
  }
  const auto count = static_cast<double>(parts.size());
  mean /= count;
  const double deviation = std::sqrt(std::max(square / count - mean * mean, 0.0));
  result.standard_deviation = deviation / Money::kMicros;
  double expected = 0;
  for (const Deal& deal : deals) expected += static_cast<double>(deal.micros) * deal.probability;
  result.expected = expected / Money::kMicros;

  const bool atomic = std::all_of(parts.begin(), parts.end(), [](const Part& part) { return part.deviation == 0; });
  std::vector<Atom> all;
  if (atomic) {
    for (Part& part : parts) {
      for (Atom& atom : part.atoms) atom.total += part.mean;
      all.insert(all.end(), part.atoms.begin(), part.atoms.end());
    }
    std::sort(all.begin(), all.end(), [](const Atom& a, const Atom& b) { return a.total < b.total; });
  } else {
    for (Part& part : parts) thin(part.atoms, std::max(part.deviation / 8, deviation / 128));
  }
  const auto quantile = [&](double level) {
    if (atomic) return money(atomic_quantile(all, level, 1 / count));
    double low = mean - 12 * deviation;
    double high = mean + 12 * deviation;
    for (int i = 0; i < 36; ++i) {
      const double middle = (low + high) / 2;
      (probability_up_to(parts, middle) < level ? low : high) = middle;
    }
    return money((low + high) / 2);
  };
  result.median = quantile(0.5);
  for (const double level : kLevels)
    result.intervals.push_back({level, quantile((1 - level) / 2), quantile((1 + level) / 2)});
  return result;
}

}  // namespace revenue::pipeline
