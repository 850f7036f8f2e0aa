# What others say of the labelled series: reads values.csv of the folder that is the argument, writes
# peers.csv: series, day, detector, score (a day is flagged where the score is at or above the
# detector's threshold, which anomaly.sql chooses on the tuning half).
#   tsoutliers    forecast::tsoutliers on the logarithm, weekly season; score 1 = outlier
#   holt-winters  one-step errors of Holt-Winters on the logarithm, weekly season, over their MAD
#   s-h-esd       seasonal hybrid ESD (Vallis, Hochenbaum & Kejariwal 2014) on the logarithm, in
#                 windows of 91 days: periodic STL season and the window's median taken out; score =
#                 how far beyond the critical value of a generalised ESD test at alpha 0.05 with at
#                 most 10 % outliers, 1 = at it
suppressMessages(library(forecast))
folder <- commandArgs(TRUE)[1]
most <- as.integer(commandArgs(TRUE)[2])
data <- read.csv(file.path(folder, "values.csv"), header = FALSE, col.names = c("series", "day", "value"))

holt_winters <- function(y) {
  fit <- tryCatch(HoltWinters(ts(y, frequency = 7)), error = function(e) NULL)
  if (is.null(fit)) return(rep(0, length(y)))
  error <- c(rep(0, length(y) - nrow(fit$fitted)), y[(length(y) - nrow(fit$fitted) + 1):length(y)] - fit$fitted[, "xhat"])
  abs(error) / mad(error[error != 0], center = 0)
}

s_h_esd <- function(y, window = 91, alpha = 0.05, share = 0.1) {
  score <- numeric(length(y))
  for (first in seq(1, length(y), window)) {
    at <- first:min(first + window - 1, length(y))
    if (length(at) < 28) at <- (length(y) - 27):length(y)
    season <- stl(ts(y[at], frequency = 7), "periodic", robust = TRUE)$time.series[, "seasonal"]
    left <- y[at] - season - median(y[at])
    open <- seq_along(at)
    found <- integer(0)
    ratio <- numeric(0)
    for (i in seq_len(max(1, floor(share * length(at))))) {
      spread <- mad(left[open])
      if (spread == 0) break
      size <- abs(left[open] - median(left[open])) / spread
      worst <- which.max(size)
      n <- length(at) - i + 1
      t <- qt(1 - alpha / (2 * n), n - 2)
      ratio[i] <- size[worst] / (t * (n - 1) / sqrt((n - 2 + t^2) * n))
      found[i] <- open[worst]
      open <- open[-worst]
    }
    # All before the last that is beyond its critical value are outliers.
    ratio <- rev(cummax(rev(ratio)))
    score[at[found]] <- pmax(score[at[found]], ratio)
  }
  score
}

answers <- lapply(unique(data$series)[seq_len(most)], function(s) {
  one <- data[data$series == s, ]
  y <- log(pmax(one$value, 0.02 * median(one$value)))
  # Only the figures' half: it is slow and has no threshold to tune.
  out <- if (s %% 2 == 1) tsoutliers(ts(y, frequency = 7))$index else integer(0)
  score <- list("tsoutliers" = replace(numeric(nrow(one)), out, 1), "holt-winters" = holt_winters(y), "s-h-esd" = s_h_esd(y))
  do.call(rbind, lapply(names(score), function(d) {
    keep <- score[[d]] >= 0.9
    data.frame(series = rep(s, sum(keep)), day = one$day[keep], detector = rep(d, sum(keep)), score = score[[d]][keep])
  }))
})
write.table(do.call(rbind, answers), file.path(folder, "peers.csv"), sep = ",", row.names = FALSE, col.names = FALSE, quote = FALSE)
