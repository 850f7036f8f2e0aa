#pragma once

namespace revenue::anomaly {

/// How many standard deviations of a normal variable are exceeded, on either side, as seldom as
/// |z| is by the largest of `trials` independent ones: what a deviation is worth once one knows how
/// often one has looked. Keeps the sign; 0 where `trials` would bring it about every time.
double deviation_among(double z, double trials);

/// Deviations of a smaller size than this are worth 0 among so many trials, for certain.
double quiet_deviation(double trials);

/// The z whose deviation_among() `trials` is `deviation`, above 0.
double deviation_alone(double deviation, double trials);

/// The z that is exceeded on one side with the probability `tail`, above 0 and below 1.
double normal_deviation(double tail);

}  // namespace revenue::anomaly
