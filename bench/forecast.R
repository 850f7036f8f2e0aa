# forecast.R META TRAIN TEST COUNT: ets, thetaf and auto.arima of the package forecast on a fixed random sample of COUNT
# series of each period of M3, a line for each as forecast_accuracy writes it.
suppressMessages(library(forecast))
arguments <- commandArgs(trailingOnly = TRUE)
meta <- read.csv(arguments[1])
train <- read.csv(arguments[2])
test <- read.csv(arguments[3])
count <- as.integer(arguments[4])
train <- split(train$value, train$series_id)
test <- split(test$value, test$series_id)
levels <- c(70, 85, 95)
methods <- list(
  ets = function(y, h) forecast(ets(y), h = h, level = levels),
  thetaf = function(y, h) thetaf(y, h = h, level = levels),
  auto.arima = function(y, h) forecast(auto.arima(y), h = h, level = levels))
set.seed(20240229)
for (period in c("YEARLY", "QUARTERLY", "MONTHLY", "OTHER")) {
  ids <- meta$series_id[meta$period == period]
  for (id in sort(sample(ids, min(count, length(ids))))) {
    m <- meta$m[meta$series_id == id]
    y <- ts(train[[id]], frequency = m)
    x <- test[[id]]
    scale <- mean(abs(diff(train[[id]], lag = m)))
    for (method in names(methods)) {
      took <- system.time(f <- methods[[method]](y, length(x)))
      error <- abs(f$mean - x)
      cover <- sapply(1:3, function(l) mean(x >= f$lower[, l] & x <= f$upper[, l]))
      msis <- sapply(1:3, function(l) {
        penalty <- 2 / (1 - levels[l] / 100)
        mean(f$upper[, l] - f$lower[, l] + penalty * pmax(f$lower[, l] - x, 0) + penalty * pmax(x - f$upper[, l], 0)) / scale
      })
      cat(paste(c("m3", id, period, paste("R", method), mean(200 * error / (abs(f$mean) + abs(x))), mean(error) / scale,
        cover, msis, 1000 * (took[["user.self"]] + took[["sys.self"]])), collapse = ","), "\n", sep = "")
    }
  }
}
