# The numbers of mmrm_censored.json: the censored mixed model over four visits by maximum likelihood, written out by hand.
#
#   Rscript tests/agreement/r/mmrm_censored.R > tests/agreement/r/mmrm_censored.json
#
# R 4.2.2; orthant probabilities by mvtnorm's Miwa algorithm (deterministic), standard errors by numDeriv's Hessian of the
# log likelihood in (beta, the elements of Sigma). Takes some minutes.
suppressPackageStartupMessages({library(mvtnorm); library(numDeriv); library(jsonlite)})
set.seed(1122)
n <- 36; m <- 4
arm <- rep(0:1, n / 2)
x <- round(rnorm(n), 2)
root <- chol(0.6 * outer(1:m, 1:m, function(a, b) 0.7^abs(a - b)) + 0.4)
truth <- t(sapply(seq_len(n), function(i) 5 - 0.3 * (0:3) - 0.4 * arm[i] * (1:m > 1) + 0.5 * x[i] + drop(rnorm(m) %*% root)))
truth <- round(truth, 3)
limit <- ifelse(seq_len(n) %% 3 == 0, 4.3, 4.0)
sign <- ifelse(truth < limit, -1, ifelse(truth > 6.2, 1, 0))
outcome <- ifelse(sign == -1, limit, ifelse(sign == 1, 6.2, truth))
gone <- matrix(runif(n * m) < 0.1, n); gone[, 1] <- FALSE
outcome[gone] <- NA
design <- lapply(seq_len(n), function(i) {
  cbind(1, rbind(0, diag(3)), arm[i] * rbind(0, diag(3)), x[i])
})
places <- which(lower.tri(diag(m), diag = TRUE), arr.ind = TRUE)
covariance <- function(elements) {
  sigma <- matrix(0, m, m); sigma[places] <- elements
  sigma + t(sigma) - diag(diag(sigma))
}
one <- function(i, beta, sigma) {
  here <- which(!is.na(outcome[i, ])); e <- outcome[i, here] - drop(design[[i]][here, ] %*% beta)
  s <- sign[i, here]; V <- sigma[here, here, drop = FALSE]; o <- which(s == 0); k <- which(s != 0); value <- 0
  at <- rep(0, length(k)); left <- V[k, k, drop = FALSE]
  if (length(o)) {
    value <- dmvnorm(e[o], sigma = V[o, o, drop = FALSE], log = TRUE)
    if (length(k)) {
      share <- V[k, o, drop = FALSE] %*% solve(V[o, o, drop = FALSE])
      at <- drop(share %*% e[o]); left <- left - share %*% V[o, k, drop = FALSE]
    }
  }
  if (!length(k)) return(value)
  turn <- -s[k]; bound <- turn * (e[k] - at); left <- left * outer(turn, turn)
  if (length(k) == 1) return(value + pnorm(bound, sd = sqrt(left[1, 1]), log.p = TRUE))
  value + log(pmvnorm(upper = bound, sigma = left, algorithm = Miwa(steps = 512))[1])
}
loglik <- function(beta, sigma) sum(vapply(seq_len(n), one, 0, beta = beta, sigma = sigma))
factored <- function(par) {
  L <- matrix(0, m, m); L[places] <- par; diag(L) <- exp(diag(L)); L %*% t(L)
}
start <- c(5, -0.3, -0.6, -0.9, -0.4, -0.4, -0.4, 0.5, t(chol(covariance(c(1, .7, .6, .5, 1, .7, .6, 1, .7, 1))))[places])
start[8 + c(1, 5, 8, 10)] <- log(start[8 + c(1, 5, 8, 10)])
# A step too far makes a covariance that Miwa calls singular.
target <- function(par) tryCatch(-loglik(par[1:8], factored(par[9:18])), error = function(e) 1e6)
made <- optim(start, target, method = "BFGS", control = list(maxit = 500, reltol = 1e-12))
made <- optim(made$par, target, method = "BFGS", control = list(maxit = 500, reltol = 1e-14))
beta <- made$par[1:8]; sigma <- factored(made$par[9:18])
natural <- c(beta, sigma[places])
information <- hessian(function(v) -loglik(v[1:8], covariance(v[9:18])), natural)
errors <- sqrt(diag(solve(information)))
cat(toJSON(list(
  R = R.version.string, mvtnorm = as.character(packageVersion("mvtnorm")), arm = arm, x = x,
  outcome = ifelse(is.na(outcome), -999, outcome), sign = sign, beta = beta, sigma = sigma, loglik = -made$value,
  errors = errors[1:8], limits = as.list(table(rowSums(sign != 0 & !gone)))
), digits = NA, auto_unbox = TRUE), "\n", sep = "")
